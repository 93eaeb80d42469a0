/** A worker whose jobs do nothing, for a while if it is told to. */
import { type JobLease, RESOURCE_CLASSES } from '../../proto/index.js';
import type { JobConsumer } from '../../queue/index.js';
import { machineMs, ownCpuMs } from './clock.js';
import { hold } from './hold.js';
import { noOpSummary } from './no-op-summary.js';
import { openQueue, type QueueTarget } from './open-queue.js';
import { serveCalls } from './serve-calls.js';
import type { JobStamp } from './worker-notes.js';

export interface EspalierWorkerOptions extends QueueTarget {
  readonly workerId: string;
  /** Jobs at a time. */
  readonly concurrency: number;
  /** Holds each job for up to so long, and stamps it; 0: neither. */
  readonly holdMsMax: number;
}

const stamps: JobStamp[] = [];

serveCalls({
  cpuMs: ownCpuMs,
  async open({ workerId, concurrency, holdMsMax, ...target }: EspalierWorkerOptions) {
    const queue = await openQueue(target, workerId);
    const consumer = queue.consumer(workerId);
    for (let slot = 0; slot < concurrency; slot++) {
      serve(consumer, holdMsMax).catch((error: unknown) => {
        console.error(error);
        process.exit(1);
      });
    }
  },
  /** Gives them away. */
  stamps: () => stamps.splice(0),
});

async function serve(consumer: JobConsumer, holdMsMax: number): Promise<void> {
  const { signal } = new AbortController();
  for (;;) {
    const lease = await consumer.take(RESOURCE_CLASSES, signal);
    if (lease === undefined) return;
    // What a worker tells of every proof that it makes. Of a job that does nothing both go in one message.
    const started = consumer.started(lease);
    if (holdMsMax > 0) await pretend(lease, started, holdMsMax);
    await Promise.all([started, consumer.complete(lease, noOpSummary(lease))]);
  }
}

async function pretend(lease: JobLease, started: Promise<void>, holdMsMax: number): Promise<void> {
  const startedMs = machineMs();
  await started;
  await hold(holdMsMax);
  stamps.push({ job: lease.job.id, startedMs, endedMs: machineMs() });
}
