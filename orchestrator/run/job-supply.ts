import { type HeapItem, IndexedHeap } from '../../common/index.js';
import type { JobId, QueuedJob, ResourceClass } from '../../proto/index.js';
import type { JobProducer } from '../../queue/index.js';
import type { KeyedTasks } from './keyed-tasks.js';

export interface SupplyQueue extends Pick<JobProducer, 'remove' | 'detach'> {
  /** Adds all that are wanted at the time. May try for long, and then asks again which ones are. */
  add(wanted: () => readonly QueuedJob[]): Promise<void>;
}

export interface JobSupplyOptions {
  readonly queue: SupplyQueue;
  /** What is done to the blobs of one job, in order. */
  readonly tasks: KeyedTasks;
  /** Makes sure that what the job reads is in the store. */
  readonly provide: (queued: QueuedJob) => Promise<void>;
  /** These jobs could not be provided for, or not be queued: they are not in the queue. */
  readonly onFault: (jobs: readonly QueuedJob[], thrown: unknown) => void;
  /** Default `AHEAD_MAX`. */
  readonly aheadMax?: number;
}

/**
 * Jobs of one class that are stored and queued before anybody has begun to prove them: more than a fleet begins while one
 * of them is stored, and no more than a store can bear. At 58 kB for the inputs of a VM proof they are 119 MB, where all
 * the VM jobs of the largest block would be 7 GB.
 */
const AHEAD_MAX = 2_048;

interface Entry extends HeapItem {
  readonly queued: QueuedJob;
  /** Its order, which is compared so often that it is kept at hand. */
  readonly age: number;
  readonly path: number;
  /** Place among jobs of equal order. */
  readonly sequence: number;
  /** It counts as one of those that are ahead. */
  isAhead: boolean;
  /** Not wanted any more. */
  dropped: boolean;
  /** How it was taken out of the queue, where it was. */
  takenOut: 'remove' | 'detach' | undefined;
  /** Given to the queue. */
  added: boolean;
}

/** Of one resource class. */
interface Line {
  readonly waiting: IndexedHeap<Entry>;
  ahead: number;
}

/** Jobs given to the queue at once: the first worker starts while the others are still being stored. */
const ADD_MAX = 500;

/**
 * Brings ready jobs into the queue without keeping anybody waiting, and knows which ones should be there.
 *
 * A job is *wanted* from `enqueue` on. It waits here until fewer than `AHEAD_MAX` jobs of its class are ahead, stored or
 * about to be and not begun; the most urgent goes first. Then what it reads is stored, some jobs at a time. Then it is
 * *stored*, and added with all others that are by then, in the order in which they got there: *queued*. When its proof is
 * begun, the next may come. It is forgotten when it is removed, detached or dropped, from any of these states, or when its
 * proof was accepted. A removal always wins, and waits for nothing: jobs may be waiting for the very room that it makes.
 * What gets into the queue after all, since it was on its way, is taken out again before anything else is added.
 *
 * Each class has a line of its own, so that workers of one class never wait for those of another.
 */
export class JobSupply {
  readonly #options: JobSupplyOptions;
  readonly #aheadMax: number;
  readonly #entries = new Map<JobId, Entry>();
  readonly #lines = new Map<ResourceClass, Line>();
  #nextSequence = 0;
  #stored: Entry[] = [];
  /** On their way into the queue. */
  #underWay: readonly Entry[] = [];
  #adding = false;

  constructor(options: JobSupplyOptions) {
    this.#options = options;
    this.#aheadMax = options.aheadMax ?? AHEAD_MAX;
  }

  /** Of a job that is wanted already the new attempt takes the place of the old one. */
  enqueue(jobs: readonly QueuedJob[]): void {
    for (const queued of jobs) {
      const { id } = queued.job;
      this.#drop(id);
      const sequence = this.#nextSequence++;
      const states = { isAhead: false, dropped: false, takenOut: undefined, added: false };
      const [age, path] = queued.order;
      const entry: Entry = { queued, age, path, sequence, heapIndex: -1, ...states };
      this.#entries.set(id, entry);
      this.#lineOf(entry).waiting.push(entry);
    }
    this.#admit();
  }

  /** A worker has begun to prove the job, or has given it back. */
  noteStarted(id: JobId, isStarted: boolean): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    if (entry.heapIndex >= 0) {
      // It was in the queue before it was wanted here.
      this.#lineOf(entry).waiting.remove(entry);
      entry.added = true;
    }
    this.#setAhead(entry, !isStarted);
    this.#admit();
  }

  remove(ids: readonly JobId[]): Promise<void> {
    return this.#takeOut('remove', ids);
  }

  detach(ids: readonly JobId[]): Promise<void> {
    return this.#takeOut('detach', ids);
  }

  /** The job has left the queue, or is to be left where it is. */
  forget(id: JobId): void {
    this.#drop(id);
    this.#admit();
  }

  forgetAll(matches: (id: JobId) => boolean): void {
    for (const id of [...this.#entries.keys()]) if (matches(id)) this.#drop(id);
    this.#admit();
  }

  /** Jobs that should be in the queue by now. */
  queued(): QueuedJob[] {
    return [...this.#entries.values()].filter(({ added }) => added).map(({ queued }) => queued);
  }

  /** The attempt that is wanted, from 1; 0 where none is. */
  attemptOf(id: JobId): number {
    return this.#entries.get(id)?.queued.attempt ?? 0;
  }

  /** Whether this very attempt should be in the queue. */
  isQueued(queued: QueuedJob): boolean {
    const entry = this.#entries.get(queued.job.id);
    return entry?.queued === queued && entry.added;
  }

  async #takeOut(how: 'remove' | 'detach', ids: readonly JobId[]): Promise<void> {
    if (this.#underWay.length > 0) {
      const taken = new Set(ids);
      for (const entry of this.#underWay) if (taken.has(entry.queued.job.id)) entry.takenOut = how;
    }
    for (const id of ids) this.#drop(id);
    this.#admit();
    await this.#options.queue[how](ids);
  }

  #drop(id: JobId): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    entry.dropped = true;
    this.#entries.delete(id);
    if (entry.heapIndex >= 0) this.#lineOf(entry).waiting.remove(entry);
    this.#setAhead(entry, false);
  }

  /** Lets the most urgent go ahead, as many as may. */
  #admit(): void {
    for (const line of this.#lines.values()) {
      while (line.ahead < this.#aheadMax) {
        const entry = line.waiting.peek();
        if (entry === undefined) break;
        line.waiting.remove(entry);
        this.#setAhead(entry, true);
        this.#options.tasks.add(entry.queued.job.id, () => this.#provide(entry));
      }
    }
  }

  #setAhead(entry: Entry, isAhead: boolean): void {
    if (entry.isAhead === isAhead) return;
    entry.isAhead = isAhead;
    this.#lineOf(entry).ahead += isAhead ? 1 : -1;
  }

  #lineOf({ queued }: Entry): Line {
    const { resourceClass } = queued.job;
    let line = this.#lines.get(resourceClass);
    if (line === undefined) {
      line = { waiting: new IndexedHeap(compareEntries), ahead: 0 };
      this.#lines.set(resourceClass, line);
    }
    return line;
  }

  async #provide(entry: Entry): Promise<void> {
    if (entry.dropped) return;
    try {
      await this.#options.provide(entry.queued);
    } catch (thrown) {
      this.#fail([entry], thrown);
    }
    if (entry.dropped) return;
    this.#stored.push(entry);
    if (!this.#adding) void this.#addStored();
  }

  async #addStored(): Promise<void> {
    this.#adding = true;
    while (this.#stored.length > 0) {
      this.#underWay = this.#stored.splice(0, ADD_MAX);
      try {
        await this.#add(this.#underWay);
      } catch (thrown) {
        this.#fail(this.#underWay, thrown);
      }
      this.#underWay = [];
    }
    this.#adding = false;
  }

  async #add(entries: readonly Entry[]): Promise<void> {
    let tried: readonly Entry[] = [];
    const wanted = () => {
      tried = entries.filter(({ dropped }) => !dropped);
      return tried.map(({ queued }) => queued);
    };
    if (wanted().length === 0) return;
    await this.#options.queue.add(wanted);
    for (const entry of tried) entry.added = true;
    for (const how of ['remove', 'detach'] as const) {
      const ids = tried.filter(({ takenOut }) => takenOut === how).map(({ queued }) => queued.job.id);
      if (ids.length > 0) await this.#options.queue[how](ids);
    }
  }

  #fail(entries: readonly Entry[], thrown: unknown): void {
    const wanted = entries.filter(({ dropped }) => !dropped).map(({ queued }) => queued);
    for (const { job } of wanted) this.forget(job.id);
    if (wanted.length > 0) this.#options.onFault(wanted, thrown);
  }
}

/** As the queue orders jobs of a class. */
function compareEntries(a: Entry, b: Entry): number {
  return a.age - b.age || a.path - b.path || a.sequence - b.sequence;
}
