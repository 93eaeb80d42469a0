import { expect } from 'vitest';
import type { Job, JobLease, JobReport, ProofSummary, QueuedJob, ResourceClass } from '../../proto/index.js';
import type { JobConsumer, JobProducer, JobQueue } from '../../queue/index.js';

/** Makes a new, empty queue. */
export type MakeQueue = (options?: { readonly jobsMax: number }) => Promise<JobQueue>;

/** Runs a test on a new queue and closes it. */
export type WithQueue = (body: (queue: JobQueue) => Promise<void>, options?: { jobsMax: number }) => Promise<void>;

export const ALL_CLASSES: readonly ResourceClass[] = ['vm', 'rollup', 'gpu'];

/** A signal that never aborts. */
export const forever = (): AbortSignal => new AbortController().signal;

export interface JobOverrides {
  readonly resourceClass?: ResourceClass;
  readonly attempt?: number;
  readonly order?: readonly [number, number];
  readonly blockId?: string;
  readonly children?: Job['children'];
}

export function queuedJob(id: string, overrides: JobOverrides = {}): QueuedJob {
  const { resourceClass = 'rollup', attempt = 1, order = [0, 0], blockId = 'b1', children = [] } = overrides;
  return { job: { id, blockId, circuit: 'merge-rollup', resourceClass, children }, attempt, order };
}

export function summaryOf({ job, attempt }: QueuedJob): ProofSummary {
  return {
    jobId: job.id,
    circuit: job.circuit,
    keyHash: '0x01',
    prover: { kind: 'simulated', version: '1', srs: 'none' },
    workerId: 'w1',
    startedAtMs: 1,
    finishedAtMs: 2,
    threads: 1,
    usage: { wallMs: 1, cpuMs: null, peakMemoryBytes: null },
    timings: { queuedMs: 0, witnessMs: 0, proveMs: 1, verifyMs: 0, storeMs: 0 },
    attempts: attempt,
    signature: null,
  };
}

/** Takes a job, waiting for one as long as the test may run. */
export async function takeOne(consumer: JobConsumer, classes: readonly ResourceClass[]): Promise<JobLease> {
  const lease = await consumer.take(classes, forever());
  if (lease === undefined) throw new Error('take gave nothing, though its signal never aborts: is the queue closed?');
  return lease;
}

/** Takes a job and begins with it. */
export async function startOne(consumer: JobConsumer, classes: readonly ResourceClass[]): Promise<JobLease> {
  const lease = await takeOne(consumer, classes);
  await consumer.started(lease);
  return lease;
}

/** Takes and completes `count` jobs of all classes: their ids, in the order in which they were handed out. */
export async function drain(queue: JobQueue, count: number): Promise<readonly string[]> {
  const consumer = queue.consumer('drain');
  const ids: string[] = [];
  for (let index = 0; index < count; index++) {
    const lease = await takeOne(consumer, ALL_CLASSES);
    ids.push(lease.job.id);
    await consumer.complete(lease, summaryOf(lease));
  }
  return ids;
}

/** Shows that exactly these jobs wait, in this order: they come out, and then a marker that stands behind all. */
export async function expectWaiting(queue: JobQueue, ids: readonly string[]): Promise<void> {
  await queue.producer.add([queuedJob('marker', { order: [1_000_000, 0] })]);
  expect(await drain(queue, ids.length + 1)).toEqual([...ids, 'marker']);
}

export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

export async function expectCode(promise: Promise<unknown>, code: string, message = /./): Promise<void> {
  await expect(promise).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
}

/** Collects reports; `until` waits for so many of them, however long the adapter takes to deliver. */
export class ReportLog {
  readonly reports: JobReport[] = [];
  readonly stop: () => void;
  #wake: () => void = () => {};

  constructor(producer: JobProducer) {
    this.stop = producer.onReport((report) => {
      this.reports.push(report);
      this.#wake();
    });
  }

  /** The reports as `kind id`, when there are at least `count`. */
  async until(count: number): Promise<readonly string[]> {
    while (this.reports.length < count) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.reports.map(({ kind, jobId }) => `${kind} ${jobId}`);
  }
}
