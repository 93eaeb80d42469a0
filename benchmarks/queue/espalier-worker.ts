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
  /**
   * 0: each job is completed as soon as it is there. Else it says that it has begun, as a worker that proves does, holds
   * the job for up to so long, and stamps it.
   */
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
    if (holdMsMax > 0) await pretend(consumer, lease, holdMsMax);
    await consumer.complete(lease, noOpSummary(lease));
  }
}

async function pretend(consumer: JobConsumer, lease: JobLease, holdMsMax: number): Promise<void> {
  const startedMs = machineMs();
  await consumer.started(lease);
  await hold(holdMsMax);
  stamps.push({ job: lease.job.id, startedMs, endedMs: machineMs() });
}
