import type { JobId, QueuedJob } from '../../proto/index.js';
import type { JobProducer } from '../../queue/index.js';
import type { KeyedTasks } from './keyed-tasks.js';

export interface JobSupplyOptions {
  readonly queue: Pick<JobProducer, 'add' | 'remove' | 'detach'>;
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
 * removed, detached or dropped, from any of these states, or when its proof was accepted. Whatever is under way for it
 * then ends, if need be in the queue, before `remove` takes it out: a removal always wins.
 */
export class JobSupply {
  readonly #options: JobSupplyOptions;
  readonly #entries = new Map<JobId, Entry>();
  #stored: Entry[] = [];
  #adding = false;
  #addUnderWay: Promise<void> = Promise.resolve();

  constructor(options: JobSupplyOptions) {
    this.#options = options;
  }

  /** Of a job that is wanted already the new attempt takes the place of the old one. */
  enqueue(jobs: readonly QueuedJob[]): void {
    for (const queued of jobs) {
      const { id } = queued.job;
      this.forget(id);
      const entry: Entry = { queued, dropped: false, added: false };
      this.#entries.set(id, entry);
      this.#options.tasks.add(id, () => this.#provide(entry));
    }
  }

  async remove(ids: readonly JobId[]): Promise<void> {
    for (const id of ids) this.forget(id);
    await this.#addUnderWay;
    await this.#options.queue.remove(ids);
  }

  async detach(ids: readonly JobId[]): Promise<void> {
    for (const id of ids) this.forget(id);
    await this.#addUnderWay;
    await this.#options.queue.detach(ids);
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
      const entries = this.#stored.splice(0, ADD_MAX).filter(({ dropped }) => !dropped);
      if (entries.length === 0) continue;
      this.#addUnderWay = this.#options.queue.add(entries.map(({ queued }) => queued)).then(
        () => {
          for (const entry of entries) entry.added = true;
        },
        (thrown) => this.#fail(entries, thrown),
      );
      await this.#addUnderWay;
    }
    this.#adding = false;
  }

  #fail(entries: readonly Entry[], thrown: unknown): void {
    const wanted = entries.filter(({ dropped }) => !dropped).map(({ queued }) => queued);
    for (const { job } of wanted) this.forget(job.id);
    if (wanted.length > 0) this.#options.onFault(wanted, thrown);
  }
}
