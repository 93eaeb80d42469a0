import { setMaxListeners } from 'node:events';
import { EspalierError, type HeapItem, IndexedHeap, type SerializedError } from '../common/index.js';
import {
  type BlockId,
  type JobId,
  type JobLease,
  type JobReport,
  type ProofSummary,
  type QueuedJob,
  RESOURCE_CLASSES,
  type ResourceClass,
} from '../proto/index.js';
import type { JobConsumer, JobProducer, JobQueue, QueueCounts } from './job-queue.js';
import { MemoryLease } from './memory/memory-lease.js';
import {
  JOBS_MAX_DEFAULT,
  leaseLost,
  noClasses,
  queueClosed,
  queueConflict,
  queueFull,
  warnOfListenerError,
} from './queue-errors.js';
import { ReportFeed } from './report-feed.js';
import { sameContent } from './same-content.js';

export interface MemoryJobQueueOptions {
  /** Jobs, waiting and leased together, that the queue holds at most. Default 1,000,000. */
  readonly jobsMax?: number;
  /** Hears what a report listener throws. Default: a process warning. */
  readonly onListenerError?: (error: unknown) => void;
}

interface Entry extends HeapItem {
  readonly queued: QueuedJob;
  /** Place in the line among jobs of equal order; kept when a job is given back. */
  readonly sequence: number;
  lease: MemoryLease | undefined;
}

/** A `take` that found nothing yet. */
interface PendingTake {
  readonly classes: readonly ResourceClass[];
  readonly workerId: string;
  readonly settle: (lease: JobLease | undefined) => void;
}

/**
 * The queue of the embedded mode: everything in this process, nothing survives it (the proofs on disk do).
 *
 * A job that is here is in one of two states:
 *
 * - *waiting*: it is in the heap of its resource class and has no lease. `take` ends this (leased), or `remove`.
 * - *leased*: it is in no heap and has a lease with a token that no other lease ever had. Its holder may say that it has
 *   `started`, which is reported once. `complete` and `fail` end it
 *   (the job is gone, a report follows), `release` (waiting again, at its old place in the line), `remove` and `close`
 *   (the job is gone, the lease's signal aborts, no report), and `detach` (the job is gone, the lease is detached).
 *
 * A detached lease is no lease any more, and is remembered only for two things: its holder's `complete` is reported as
 * `late`, and `remove` of its job aborts it. Either ends it, and so do the holder's `fail` and `release`, and `close`.
 *
 * Whatever presents a token other than that of the job's present lease gets `lease-lost` and changes nothing else.
 *
 * A `take` is settled at once or pending. While one is pending, no waiting job is of its classes: every change that
 * makes a job wait hands jobs out before it returns, to the oldest pending `take` first. After `close` the queue is
 * empty for good: takes get undefined, everything else is refused.
 *
 * All changes are synchronous, so no two of them interleave; aborts and reports happen after the state has changed.
 */
export class MemoryJobQueue implements JobQueue {
  readonly producer: JobProducer;
  readonly #jobsMax: number;
  readonly #reports: ReportFeed;
  #entries = new Map<JobId, Entry>();
  readonly #waiting = new Map<ResourceClass, IndexedHeap<Entry>>();
  readonly #pendingTakes = new Set<PendingTake>();
  /** By token: of those who held a job when it was detached. */
  readonly #detached = new Map<number, MemoryLease>();
  #nextSequence = 0;
  #nextToken = 1;
  #closed = false;

  constructor(options: MemoryJobQueueOptions = {}) {
    this.#jobsMax = options.jobsMax ?? JOBS_MAX_DEFAULT;
    this.#reports = new ReportFeed(options.onListenerError ?? warnOfListenerError);
    this.producer = {
      add: async (jobs) => this.#add(jobs),
      remove: async (ids) => this.#remove(ids),
      detach: async (ids) => this.#detach(ids),
      removeBlock: async (blockId) => this.#removeBlock(blockId),
      present: async (ids) => new Set(ids.filter((id) => this.#entries.has(id))),
      onReport: (listener) => this.#reports.listen(listener),
    };
  }

  consumer(workerId: string): JobConsumer {
    return {
      take: async (classes, signal) => this.#take(workerId, classes, signal),
      started: async (lease) => this.#start(lease),
      complete: async (lease, summary) => this.#complete(lease, summary),
      fail: async (lease, error) => this.#fail(lease, error),
      release: async (lease) => this.#release(lease),
    };
  }

  /** What is in the queue. */
  async counts(): Promise<QueueCounts> {
    const counts = RESOURCE_CLASSES.map((name) => [name, { waiting: 0, leased: 0 }] as const);
    const byClass = Object.fromEntries(counts) as Record<ResourceClass, { waiting: number; leased: number }>;
    for (const { queued, lease } of this.#entries.values()) {
      byClass[queued.job.resourceClass][lease === undefined ? 'waiting' : 'leased'] += 1;
    }
    return byClass;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const takes = [...this.#pendingTakes];
    this.#pendingTakes.clear();
    const ids = [...this.#entries.keys(), ...[...this.#detached.values()].map(({ job }) => job.id)];
    for (const take of takes) take.settle(undefined);
    this.#drop(ids, 'the queue was closed');
  }

  #add(jobs: readonly QueuedJob[]): void {
    if (this.#closed) throw queueClosed();
    const added = new Map<JobId, QueuedJob>();
    for (const queued of jobs) {
      const { id } = queued.job;
      if (queued.order.some(Number.isNaN)) throw new EspalierError('internal', `job ${id}: its order is not a number`);
      const present = this.#entries.get(id)?.queued ?? added.get(id);
      if (present === undefined) added.set(id, queued);
      else if (!sameContent(present.job, queued.job)) {
        throw queueConflict(id);
      }
    }
    if (this.#entries.size + added.size > this.#jobsMax) {
      throw queueFull(added.size, this.#entries.size, this.#jobsMax);
    }
    for (const [id, queued] of added) {
      const entry: Entry = { queued, sequence: this.#nextSequence++, heapIndex: -1, lease: undefined };
      this.#entries.set(id, entry);
      this.#heapOf(queued.job.resourceClass).push(entry);
    }
    this.#handOut();
  }

  #remove(ids: readonly JobId[]): void {
    this.#drop(ids, 'the job was removed from the queue');
  }

  #removeBlock(blockId: BlockId): readonly JobId[] {
    const entries = [...this.#entries].filter(([, { queued }]) => queued.job.blockId === blockId);
    const ids = entries.map(([id]) => id);
    this.#remove(ids);
    return ids;
  }

  #detach(ids: readonly JobId[]): void {
    for (const id of ids) {
      const lease = this.#takeOut(id)?.lease;
      if (lease !== undefined) this.#detached.set(lease.token, lease);
    }
  }

  #drop(ids: readonly JobId[], reason: string): void {
    const aborted: MemoryLease[] = [];
    for (const id of ids) {
      const lease = this.#takeOut(id)?.lease;
      if (lease !== undefined) aborted.push(lease);
    }
    if (this.#detached.size > 0) {
      const dropped = new Set(ids);
      for (const [token, lease] of this.#detached) {
        if (!dropped.has(lease.job.id)) continue;
        this.#detached.delete(token);
        aborted.push(lease);
      }
    }
    // Last, since whoever listens may call the queue again.
    for (const lease of aborted) lease.abort(new EspalierError('cancelled', `job ${lease.job.id}: ${reason}`));
  }

  /** Takes a job out of the queue, waiting or leased. */
  #takeOut(id: JobId): Entry | undefined {
    const entry = this.#entries.get(id);
    if (entry === undefined) return undefined;
    if (entry.lease === undefined) this.#heapOf(entry.queued.job.resourceClass).remove(entry);
    this.#forget(id);
    return entry;
  }

  #forget(id: JobId): void {
    this.#entries.delete(id);
    // Tables that shrink lead to the next one, so V8's young collections keep all that follow one that has become old.
    if (this.#entries.size === 0) this.#entries = new Map();
  }

  #take(
    workerId: string,
    classes: readonly ResourceClass[],
    signal: AbortSignal,
  ): Promise<JobLease | undefined> | JobLease | undefined {
    if (classes.length === 0) throw noClasses(workerId);
    if (this.#closed || signal.aborted) return undefined;
    const entry = this.#firstOf(classes);
    if (entry !== undefined) return this.#lease(entry, workerId);
    return new Promise((resolve) => {
      const onAbort = () => {
        this.#pendingTakes.delete(take);
        resolve(undefined);
      };
      const take: PendingTake = {
        classes,
        workerId,
        settle: (lease) => {
          signal.removeEventListener('abort', onAbort);
          resolve(lease);
        },
      };
      // Any number of takes may wait on one worker's signal; Node would warn of a leak from the eleventh on.
      setMaxListeners(0, signal);
      signal.addEventListener('abort', onAbort, { once: true });
      this.#pendingTakes.add(take);
    });
  }

  #start(lease: JobLease): void {
    const { present, queued } = this.#held(lease);
    if (present.isStarted) return;
    present.isStarted = true;
    const { job, attempt } = queued;
    this.#publish({ kind: 'started', jobId: job.id, workerId: lease.workerId, attempt });
  }

  #complete(lease: JobLease, summary: ProofSummary): void {
    const detached = this.#detached.get(lease.token);
    if (detached !== undefined) {
      const { id: jobId, blockId } = detached.job;
      this.#publish({ kind: 'late', jobId, blockId, workerId: lease.workerId, summary });
    }
    const { queued } = this.#ended(lease);
    this.#forget(queued.job.id);
    this.#publish({ kind: 'proven', jobId: queued.job.id, workerId: lease.workerId, summary });
  }

  #fail(lease: JobLease, error: SerializedError): void {
    const { queued } = this.#ended(lease);
    this.#forget(queued.job.id);
    const { workerId } = lease;
    this.#publish({ kind: 'failed', jobId: queued.job.id, workerId, attempt: queued.attempt, error });
  }

  #release(lease: JobLease): void {
    const { entry, present, queued } = this.#ended(lease);
    entry.lease = undefined;
    if (present.isStarted) {
      const { job, attempt } = queued;
      this.#publish({ kind: 'given-back', jobId: job.id, workerId: lease.workerId, attempt });
    }
    this.#heapOf(entry.queued.job.resourceClass).push(entry);
    this.#handOut();
  }

  /** The entry of a lease that its holder ends. */
  #ended(lease: JobLease) {
    this.#detached.delete(lease.token);
    return this.#held(lease);
  }

  /** The entry that `lease` is the present lease of. */
  #held(lease: JobLease) {
    const entry = this.#entries.get(lease.job.id);
    const present = entry?.lease;
    if (present === undefined || entry === undefined || present.token !== lease.token) {
      throw leaseLost(lease);
    }
    return { entry, present, queued: entry.queued };
  }

  #handOut(): void {
    for (const take of this.#pendingTakes) {
      if (!this.#isAnyWaiting()) return;
      const entry = this.#firstOf(take.classes);
      if (entry === undefined) continue;
      this.#pendingTakes.delete(take);
      take.settle(this.#lease(entry, take.workerId));
    }
  }

  #lease(entry: Entry, workerId: string): JobLease {
    this.#heapOf(entry.queued.job.resourceClass).remove(entry);
    entry.lease = new MemoryLease(entry.queued, this.#nextToken++, workerId);
    return entry.lease;
  }

  #isAnyWaiting(): boolean {
    for (const heap of this.#waiting.values()) if (heap.size > 0) return true;
    return false;
  }

  #firstOf(classes: readonly ResourceClass[]): Entry | undefined {
    let first: Entry | undefined;
    for (const resourceClass of classes) {
      const candidate = this.#waiting.get(resourceClass)?.peek();
      if (candidate !== undefined && (first === undefined || compareEntries(candidate, first) < 0)) first = candidate;
    }
    return first;
  }

  #heapOf(resourceClass: ResourceClass): IndexedHeap<Entry> {
    let heap = this.#waiting.get(resourceClass);
    if (heap === undefined) {
      heap = new IndexedHeap(compareEntries);
      this.#waiting.set(resourceClass, heap);
    }
    return heap;
  }

  #publish(report: JobReport): void {
    this.#reports.publish(report);
  }
}

function compareEntries(a: Entry, b: Entry): number {
  const [ageA, pathA] = a.queued.order;
  const [ageB, pathB] = b.queued.order;
  if (ageA !== ageB) return ageA < ageB ? -1 : 1;
  if (pathA !== pathB) return pathA < pathB ? -1 : 1;
  return a.sequence - b.sequence;
}
