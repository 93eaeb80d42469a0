import { watchOthers } from '../../native/index.js';
import type { BenchProcess } from './bench-process.js';
import type { BenchRedis } from './bench-redis.js';
import type { TreeShape } from './tree-shape.js';

export interface DrainOptions {
  readonly shape: TreeShape;
  /** Worker processes. */
  readonly workers: number;
  /** Jobs that each of them has at a time. */
  readonly concurrency: number;
  /** How often it is done before it is measured, by the same processes: workers run for days. */
  readonly warmUps: number;
}

/** What it cost to bring so many jobs to their end. */
export interface Drain {
  readonly jobs: number;
  readonly wallMs: number;
  readonly cpuMs: DrainCpu;
  /** Peak of Redis's memory, since it was started. */
  readonly redisPeakBytes: number;
  /** Cores that other programs had meanwhile; null where that cannot be told. */
  readonly othersCores: number | null;
}

export interface DrainCpu {
  readonly redis: number;
  /** All of them together. */
  readonly workers: number;
  /** Who adds the jobs. */
  readonly producer: number;
}

/** The processes of a measurement. */
export interface DrainProcesses {
  readonly redis: BenchRedis;
  readonly producer: BenchProcess;
  readonly workers: readonly BenchProcess[];
}

/** Measures what happens in `run`, which resolves with the milliseconds that count. */
export async function measureDrain(
  { redis, producer, workers }: DrainProcesses,
  jobs: number,
  run: () => Promise<number>,
): Promise<Drain> {
  const cpu = async (): Promise<DrainCpu> => {
    const ofWorkers = await Promise.all(workers.map((worker) => worker.call<number>('cpuMs')));
    return {
      redis: await redis.cpuMs(),
      workers: ofWorkers.reduce((sum, ms) => sum + ms, 0),
      producer: await producer.call<number>('cpuMs'),
    };
  };
  const before = await cpu();
  const othersCores = watchOthers();
  const wallMs = await run();
  const ofOthers = othersCores();
  const after = await cpu();
  const cpuMs = {
    redis: after.redis - before.redis,
    workers: after.workers - before.workers,
    producer: after.producer - before.producer,
  };
  return { jobs, wallMs, cpuMs, redisPeakBytes: await redis.peakBytes(), othersCores: ofOthers };
}

/** Stops whatever was started, also where starting the rest failed. */
export async function stopAll({ redis, producer, workers }: Partial<DrainProcesses>): Promise<void> {
  await Promise.all([producer?.stop(), ...(workers ?? []).map((worker) => worker.stop())]);
  await redis?.stop();
}
