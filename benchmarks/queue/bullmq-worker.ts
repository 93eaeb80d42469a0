/** A worker of plain BullMQ whose jobs do nothing, for a while if it is told to. */
import { type Job, Worker } from 'bullmq';
import { machineMs, ownCpuMs } from './clock.js';
import { hold } from './hold.js';
import { serveCalls } from './serve-calls.js';
import type { Completed, JobStamp } from './worker-notes.js';

export interface BullmqWorkerOptions {
  readonly url: string;
  readonly queue: string;
  /** Jobs at a time. */
  readonly concurrency: number;
  /** Holds each job for up to so long, and stamps it; 0: neither. */
  readonly holdMsMax: number;
}

let worker: Worker | undefined;
let count = 0;
let lastMs = 0;
let stamps: JobStamp[] = [];

serveCalls({
  cpuMs: ownCpuMs,
  /** Connects to a queue, and takes no job yet. */
  async open({ url, queue, concurrency, holdMsMax }: BullmqWorkerOptions) {
    await worker?.close();
    count = 0;
    stamps = [];
    const process = async ({ data }: Job) => {
      const startedMs = machineMs();
      await hold(holdMsMax);
      stamps.push({ job: `${data}`, startedMs, endedMs: machineMs() });
    };
    worker = new Worker(queue, holdMsMax > 0 ? process : async () => undefined, {
      connection: { url },
      concurrency,
      autorun: false,
      removeOnComplete: { count: 0 },
    });
    worker.on('error', (error) => console.error(error));
    worker.on('completed', () => {
      count += 1;
      lastMs = machineMs();
    });
    await worker.waitUntilReady();
  },
  run(): void {
    worker?.run().catch((error: unknown) => console.error(error));
  },
  completed: (): Completed => ({ count, lastMs }),
  stamps: () => stamps,
});
