/** A worker whose jobs do nothing, for a while if it is told to. */
import { machineMs, ownCpuMs } from './clock.js';
import { hold } from './hold.js';
import type { JobTimesMs } from './job-times.js';
import { openQueue, type QueueTarget } from './open-queue.js';
import { serveCalls } from './serve-calls.js';
import { serveLeases, type Work, workFor } from './serve-leases.js';
import type { JobStamp } from './worker-notes.js';

export interface EspalierWorkerOptions extends QueueTarget {
  readonly workerId: string;
  /** Jobs at a time. */
  readonly concurrency: number;
  /** Holds each job for up to so long, and stamps it; 0: neither. */
  readonly holdMsMax: number;
  /** Instead: each job takes exactly so long, and is not stamped. */
  readonly jobMs?: JobTimesMs;
}

const stamps: JobStamp[] = [];

serveCalls({
  cpuMs: ownCpuMs,
  async open({ workerId, concurrency, holdMsMax, jobMs = 0, ...target }: EspalierWorkerOptions) {
    const queue = await openQueue(target, workerId);
    const consumer = queue.consumer(workerId);
    const work: Work | undefined = holdMsMax > 0 ? (_, started) => holdAndStamp(started, holdMsMax) : workFor(jobMs);
    for (let slot = 0; slot < concurrency; slot++) {
      serveLeases(consumer, work).catch((error: unknown) => {
        console.error(error);
        process.exit(1);
      });
    }
  },
  /** Gives them away. */
  stamps: () => stamps.splice(0),
});

async function holdAndStamp(started: Promise<void>, holdMsMax: number): Promise<void> {
  const startedMs = machineMs();
  await started;
  await hold(holdMsMax);
  stamps.push({ startedMs, endedMs: machineMs() });
}
