import { setImmediate as turn } from 'node:timers/promises';
import { systemClock } from '../../common/index.js';
import {
  Bitset,
  type BlockOutcome,
  type JobCircuit,
  type PreparedBlock,
  SchedulerShell,
  type ShellHost,
} from '../../orchestrator/index.js';
import { DEFAULT_CIRCUIT_CLASSES, type ResourceClass } from '../../proto/index.js';
import type { JobProducer } from '../../queue/index.js';

/** All of a prepared block that its scheduling asks for. */
export type NoOpBlock = Pick<PreparedBlock, 'id' | 'tree'>;

/**
 * Drives one block of jobs that prove nothing, as an orchestrator does: with its scheduler and the shell around it. There
 * is no store: no inputs are written, no proofs are looked at or deleted. Nor is there a board: no attempts, credits and
 * progress are noted. Of the block no more than its id and its tree is asked for; what else it has is kept all the same.
 */
export class NoOpRun implements ShellHost {
  readonly #queue: JobProducer;
  readonly #block: NoOpBlock;
  readonly #shell: SchedulerShell;
  #outcome: BlockOutcome | undefined;
  /** The latest jobs that went, or are on their way, into the queue. */
  #adding: Promise<void> | undefined;

  constructor(queue: JobProducer, block: NoOpBlock) {
    this.#queue = queue;
    this.#block = block;
    this.#shell = new SchedulerShell({
      scheduling: { resourceClassOf: classOf },
      queue,
      add: (wanted) => {
        this.#adding = queue.add(wanted());
        return this.#adding;
      },
      proofs: { deleteProof: async () => {} },
      clock: systemClock,
      host: this,
    });
  }

  /** Resolves when the root is reported to be proven. `finished`: jobs that are proven already. */
  async run(finished: Bitset = new Bitset(this.#block.tree.size)): Promise<void> {
    const shell = this.#shell;
    const stopListening = this.#queue.onReport((report) => shell.report(report));
    try {
      shell.add(
        { prepared: this.#block as PreparedBlock, stored: { find: async () => ({}) } },
        { finished, ageRank: 0 },
      );
      while (this.#outcome === undefined) await shell.step();
    } finally {
      await shell.close();
      stopListening();
    }
    if (this.#outcome !== 'proven') throw new Error(`the block failed: ${this.#outcome.error.message}`);
  }

  /** Resolves when all is queued that goes ahead of the workers, of which there are none. To be asked while it runs. */
  async queued(): Promise<void> {
    const shell = this.#shell;
    await new Promise<void>((resolve) => shell.post({ kind: 'tick' }, resolve));
    await shell.settled(this.#block);
    // What was not added with the jobs before is by then.
    for (let seen: Promise<void> | undefined; seen !== this.#adding; await turn()) {
      seen = this.#adding;
      await seen;
    }
  }

  async provide(): Promise<void> {}

  async accept(): Promise<void> {}

  onEvent(): void {}

  onEnd(_blockId: string, outcome: BlockOutcome): void {
    this.#outcome = outcome;
  }

  onSupplyFault(_jobs: unknown, thrown: unknown): void {
    this.#shell.break(thrown);
  }

  onCheckFault(thrown: unknown): void {
    this.#shell.break(thrown);
  }
}

export function classOf(circuit: JobCircuit): ResourceClass {
  return DEFAULT_CIRCUIT_CLASSES[circuit];
}
