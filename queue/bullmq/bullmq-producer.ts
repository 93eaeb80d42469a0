import type { BlockId, JobId, JobReport, QueuedJob } from '../../proto/index.js';
import type { JobProducer } from '../job-queue.js';
import { queueClosed, queueConflict, queueFull } from '../queue-errors.js';
import { sameContent } from '../same-content.js';
import { Batch } from './batch.js';
import { encodeJob } from './job-entry.js';
import type { AddReply, EncodedJobs, QueueScripts } from './queue-scripts.js';
import type { ReportInbox } from './report-inbox.js';

/** Jobs that one script may touch: a few milliseconds, in which Redis does nothing else. */
const JOBS_PER_SCRIPT_MAX = 500;

export interface BullmqProducerOptions {
  readonly scripts: QueueScripts;
  readonly inbox: ReportInbox;
  readonly producerId: string;
  readonly jobsMax: number;
  /** Hears which leases ended by `remove`: this process need not wait for the message that all workers get. */
  readonly onAborted: (tokens: readonly number[]) => void;
}

/** A job queue's producer in Redis. */
export class BullmqProducer implements JobProducer {
  readonly #options: BullmqProducerOptions;
  readonly #adding: Batch<EncodedJobs, AddReply>;
  #closed = false;

  constructor(options: BullmqProducerOptions) {
    const { scripts, producerId, jobsMax } = options;
    this.#options = options;
    this.#adding = new Batch(
      JOBS_PER_SCRIPT_MAX,
      (jobs) => jobs.length,
      (calls) => scripts.add(producerId, jobsMax, calls),
    );
  }

  /**
   * A call of more than 500 jobs takes several scripts: it is checked as a whole first. Where other producers fill the
   * queue or add the same ids with other content in between, a part of it may be added before it rejects.
   */
  async add(jobs: readonly QueuedJob[]): Promise<void> {
    if (this.#closed) throw queueClosed();
    if (jobs.length === 0) return;
    this.#options.inbox.start();
    if (jobs.length <= JOBS_PER_SCRIPT_MAX) return this.#accept(await this.#adding.add(jobs.map(encodeJob)));
    await this.#check(jobs);
    for (const some of slices(jobs)) this.#accept(await this.#adding.add(some.map(encodeJob)));
  }

  async remove(ids: readonly JobId[]): Promise<void> {
    await this.#takeOut('remove', ids);
  }

  async detach(ids: readonly JobId[]): Promise<void> {
    await this.#takeOut('detach', ids);
  }

  async removeBlock(blockId: BlockId): Promise<readonly JobId[]> {
    const ids = this.#closed ? [] : await this.#options.scripts.findBlock(blockId);
    await this.remove(ids);
    return ids;
  }

  async present(ids: readonly JobId[]): Promise<ReadonlySet<JobId>> {
    const present = new Set<JobId>();
    for (const some of slices(ids)) {
      for (const id of await this.#options.scripts.find(some)) present.add(id);
    }
    return present;
  }

  onReport(listener: (report: JobReport) => void): () => void {
    if (!this.#closed) this.#options.inbox.start();
    return this.#options.inbox.listen(listener);
  }

  close(): void {
    this.#closed = true;
  }

  /** Throws if not all of them can be added. */
  async #check(jobs: readonly QueuedJob[]): Promise<void> {
    const { scripts, producerId, jobsMax } = this.#options;
    const unique = new Map<JobId, QueuedJob>();
    for (const queued of jobs) {
      const earlier = unique.get(queued.job.id);
      if (earlier === undefined) unique.set(queued.job.id, queued);
      else if (!sameContent(earlier.job, queued.job)) throw queueConflict(queued.job.id);
    }
    let added = 0;
    for (const some of slices([...unique.values()])) {
      const [reply] = await scripts.add(producerId, jobsMax, [some.map(encodeJob)], true);
      this.#accept(reply ?? []);
      if (reply?.[0] !== 'room') continue;
      added += reply[2];
      if (reply[1] + added > jobsMax) throw queueFull(unique.size, reply[1], jobsMax);
    }
  }

  #accept(reply: AddReply): void {
    if (reply[0] === 'conflict') throw queueConflict(reply[1]);
    if (reply[0] === 'full') throw queueFull(reply[2], reply[1], this.#options.jobsMax);
  }

  async #takeOut(how: 'remove' | 'detach', ids: readonly JobId[]): Promise<void> {
    if (this.#closed) return;
    for (const some of slices(ids)) this.#options.onAborted(await this.#options.scripts.remove(how, some));
  }
}

function* slices<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let first = 0; first < items.length; first += JOBS_PER_SCRIPT_MAX) {
    yield items.slice(first, first + JOBS_PER_SCRIPT_MAX);
  }
}
