import type { EventCursor } from '../../proto/index.js';
import type { EventReader } from '../../queue/index.js';
import { Bitset, type ProofTree } from '../plan/index.js';

const EVENTS_AT_ONCE_MAX = 1_000;

/**
 * The jobs of which it is told behind a place of a block's history that they are proven, as far as that is known by now.
 * Whoever looks for proofs that were there at that place leaves these to whoever reads on from it.
 */
export class ProvenBehind {
  readonly #reader: EventReader;
  readonly #tree: ProofTree;
  readonly #jobs: Bitset;
  #place: EventCursor;

  /** The reader is the caller's to close. */
  constructor(reader: EventReader, place: EventCursor, tree: ProofTree) {
    this.#reader = reader;
    this.#place = place;
    this.#tree = tree;
    this.#jobs = new Bitset(tree.size);
  }

  has(job: number): boolean {
    this.#readOn();
    return this.#jobs.has(job);
  }

  #readOn(): void {
    for (;;) {
      const chunks = this.#reader.read(this.#place, EVENTS_AT_ONCE_MAX);
      // Where it is gone whoever reads on looks for everything anew.
      if (chunks === 'gone' || chunks.length === 0) return;
      for (const { epoch, first, events } of chunks) {
        for (const [index, event] of events.entries()) {
          const isBehind = epoch > this.#place.epoch || first + index > this.#place.seq;
          if (isBehind && event.kind === 'job-proven') this.#add(event.jobId);
        }
        this.#place = { epoch, seq: first + events.length - 1 };
      }
    }
  }

  #add(jobId: string): void {
    const job = this.#tree.indexOf(jobId);
    if (job >= 0) this.#jobs.add(job);
  }
}
