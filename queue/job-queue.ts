import type { SerializedError } from '../common/index.js';
import type { BlockId, JobId, JobLease, JobReport, ProofSummary, QueuedJob, ResourceClass } from '../proto/index.js';

/**
 * The ready queue between orchestrators and workers, split by role so that neither can call what belongs to the other.
 * It knows nothing of the tree: only jobs whose children are proven are ever added. Adapters: `MemoryJobQueue` here,
 * `BullmqJobQueue`; all pass `tests/conformance/job-queue.ts`.
 *
 * A job in the queue is *waiting*, then *leased* by one worker, then gone (completed, failed, or removed). Retrying is
 * the orchestrator's decision: a failed job leaves the queue with a report and may be added again as a later attempt.
 */
export interface JobProducer {
  /**
   * Adds ready jobs. Adding a job that is already waiting or leased with the same content is a no-op; the same id with
   * other content rejects with `queue-conflict`; beyond the queue's bound with `queue-full`, and then none is added.
   * A job's content is its circuit, its resource class and its children; not its block, attempt, order and trace.
   */
  add(jobs: readonly QueuedJob[]): Promise<void>;
  /** Forgets these jobs: waiting ones vanish, holders of leased ones see their signal aborted. No report follows. */
  remove(ids: readonly JobId[]): Promise<void>;
  /**
   * Takes these jobs out of the queue as `remove` does, but lets those who hold them go on: a holder that ends with
   * success afterwards is told `lease-lost` and brings a `late` report, one that fails brings none. `remove` of the same
   * id still aborts such holders. Waiting ones vanish.
   */
  detach(ids: readonly JobId[]): Promise<void>;
  /**
   * Removes the jobs that were queued for this block (`job.blockId`), as `remove` does, and says which: for whoever does
   * not know its tree. It looks at every job in the queue. What others add for the block meanwhile may stay.
   */
  removeBlock(blockId: BlockId): Promise<readonly JobId[]>;
  /** Which of these jobs are in the queue, waiting or leased. */
  present(ids: readonly JobId[]): Promise<ReadonlySet<JobId>>;
  /**
   * Reports of the jobs that this producer has added (or added again: the latest one to add a job hears of it), in the
   * order they happened. Returns the way to stop listening.
   */
  onReport(listener: (report: JobReport) => void): () => void;
}

export interface JobConsumer {
  /**
   * The waiting job with the smallest order among these classes, of equal ones the first that was added; waits for one
   * until `signal` aborts or the queue is closed (then undefined). `classes` must not be empty.
   */
  take(classes: readonly ResourceClass[], signal: AbortSignal): Promise<JobLease | undefined>;
  /**
   * Reports that the work itself has begun, and not just the wait for cores and memory; later calls for the same lease
   * report nothing. Rejects with `lease-lost` if the lease is not held.
   */
  started(lease: JobLease): Promise<void>;
  /**
   * Ends a lease with success; the proof must be durable by now. Rejects with `lease-lost` if the lease is not held; the
   * producer then hears a `late` report instead, unless the job was removed.
   */
  complete(lease: JobLease, summary: ProofSummary): Promise<void>;
  /** Ends a lease with a failure, which is reported. Rejects with `lease-lost` if the lease is not held. */
  fail(lease: JobLease, error: SerializedError): Promise<void>;
  /**
   * Gives a job back unharmed (drain, preemption): it waits again under the same attempt, which is reported if its start
   * was. Rejects with `lease-lost` if the lease is not held.
   */
  release(lease: JobLease): Promise<void>;
}

export interface JobQueue {
  readonly producer: JobProducer;
  /** A consumer for one worker. */
  consumer(workerId: string): JobConsumer;
  /**
   * Settles every pending and later `take` with undefined, aborts all leases, and refuses further work: `add` rejects
   * with `cancelled`, ending a lease with `lease-lost`. Idempotent.
   */
  close(): Promise<void>;
}

/** Jobs of one class that are in the queue. */
export interface JobCounts {
  readonly waiting: number;
  readonly leased: number;
}

export type QueueCounts = Readonly<Record<ResourceClass, JobCounts>>;
