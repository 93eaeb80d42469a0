/** A worker of plain BullMQ whose jobs do nothing, for a while if it is told to. */
import { setTimeout as pause } from 'node:timers/promises';
import { type Job, Worker, type WorkerOptions } from 'bullmq';
import { machineMs, ownCpuMs } from './clock.js';
import { Completions } from './completions.js';
import { hold } from './hold.js';
import { serveCalls } from './serve-calls.js';
import type { JobStamp } from './worker-notes.js';

export interface BullmqWorkerOptions {
  readonly url: string;
  readonly queue: string;
  /** Jobs at a time. */
  readonly concurrency: number;
  /** Holds each job for up to so long, and stamps it; 0: neither. */
  readonly holdMsMax: number;
  /** Instead: each job takes exactly so long, and is not stamped. */
  readonly jobMs?: number;
  /** BullMQ's own options: one job at a time of each `Worker`, of which there are more then, and finished jobs are kept. */
  readonly atDefaults?: boolean;
}

let workers: readonly Worker[] = [];
const completions = new Completions();
let stamps: JobStamp[] = [];

serveCalls({
  cpuMs: ownCpuMs,
  /** Connects to a queue, and takes no job yet. */
  async open({ url, queue, concurrency, holdMsMax, jobMs = 0, atDefaults = false }: BullmqWorkerOptions) {
    await Promise.all(workers.map((worker) => worker.close()));
    completions.reset();
    stamps = [];
    const options: WorkerOptions = { connection: { url }, autorun: false };
    workers = atDefaults
      ? Array.from({ length: concurrency }, () => new Worker(queue, processor(holdMsMax, jobMs), options))
      : [new Worker(queue, processor(holdMsMax, jobMs), { ...options, concurrency, removeOnComplete: { count: 0 } })];
    for (const worker of workers) {
      worker.on('error', (error) => console.error(error));
      worker.on('completed', () => completions.add(machineMs()));
    }
    await Promise.all(workers.map((worker) => worker.waitUntilReady()));
  },
  run(): void {
    for (const worker of workers) worker.run().catch((error: unknown) => console.error(error));
  },
  /** Resolves when there are so many. */
  completed: (count: number) => completions.reached(count),
  stamps: () => stamps,
});

function processor(holdMsMax: number, jobMs: number): (job: Job) => Promise<void> {
  if (jobMs > 0) return () => pause(jobMs);
  if (holdMsMax === 0) return async () => undefined;
  return async () => {
    const startedMs = machineMs();
    await hold(holdMsMax);
    stamps.push({ startedMs, endedMs: machineMs() });
  };
}
