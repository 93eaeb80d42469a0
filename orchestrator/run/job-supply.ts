import type { JobId, QueuedJob } from '../../proto/index.js';
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
}

interface Entry {
  readonly queued: QueuedJob;
  /** Not wanted any more. */
  dropped: boolean;
  /** How it was taken out of the queue, where it was. */
  takenOut: 'remove' | 'detach' | undefined;
  /** Given to the queue. */
  added: boolean;
}

/** Jobs given to the queue at once: the first worker starts while the others are still being stored. */
const ADD_MAX = 500;

/**
 * Brings ready jobs into the queue without keeping anybody waiting, and knows which ones should be there.
 *
 * A job is *wanted* from `enqueue` on: what it reads is stored first, some jobs at a time. Then it is *stored*, and
 * added with all others that are by then, in the order in which they got there: *queued*. It is forgotten when it is
 * removed, detached or dropped, from any of these states, or when its proof was accepted. A removal always wins, and waits
 * for nothing: jobs may be waiting for the very room that it makes. What gets into the queue after all, since it was on
 * its way, is taken out again before anything else is added.
 */
export class JobSupply {
  readonly #options: JobSupplyOptions;
  readonly #entries = new Map<JobId, Entry>();
  #stored: Entry[] = [];
  /** On their way into the queue. */
  #underWay: readonly Entry[] = [];
  #adding = false;

  constructor(options: JobSupplyOptions) {
    this.#options = options;
  }

  /** Of a job that is wanted already the new attempt takes the place of the old one. */
  enqueue(jobs: readonly QueuedJob[]): void {
    for (const queued of jobs) {
      const { id } = queued.job;
      this.forget(id);
      const entry: Entry = { queued, dropped: false, takenOut: undefined, added: false };
      this.#entries.set(id, entry);
      this.#options.tasks.add(id, () => this.#provide(entry));
    }
  }

  remove(ids: readonly JobId[]): Promise<void> {
    return this.#takeOut('remove', ids);
  }

  detach(ids: readonly JobId[]): Promise<void> {
    return this.#takeOut('detach', ids);
  }

  /** The job has left the queue, or is to be left where it is. */
  forget(id: JobId): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    entry.dropped = true;
    this.#entries.delete(id);
  }

  forgetAll(matches: (id: JobId) => boolean): void {
    for (const id of [...this.#entries.keys()]) if (matches(id)) this.forget(id);
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
    const taken = new Set(ids);
    for (const entry of this.#underWay) if (taken.has(entry.queued.job.id)) entry.takenOut = how;
    for (const id of ids) this.forget(id);
    await this.#options.queue[how](ids);
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
