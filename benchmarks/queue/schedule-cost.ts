import { watchOthers } from '../../native/index.js';
import { BenchProcess } from './bench-process.js';
import { BenchRedis } from './bench-redis.js';
import { stopAll } from './drain.js';
import type { EmbeddedRunOptions } from './espalier-embedded.js';
import type { EspalierWorkerOptions } from './espalier-worker.js';
import type { QueueTarget } from './open-queue.js';
import { type TreeShape, treeOf } from './tree-shape.js';

export interface ScheduleOptions {
  readonly shape: TreeShape;
  /** So many blocks of it, one after another. */
  readonly blocks: number;
  /** What the same processes do before they are measured. */
  readonly warmUp: { readonly shape: TreeShape; readonly blocks: number };
  /** Jobs that the one worker process has at a time, or the slots of an embedded cluster. */
  readonly slots: number;
}

/** What it cost to bring all jobs of some blocks to their end, none of which does anything. */
export interface ScheduleCost {
  readonly jobs: number;
  /** From handing a planned block over until its root is proven, of all blocks together. */
  readonly wallMs: number;
  /** Processor time, planning included. The orchestrator of an embedded cluster is all of it. */
  readonly cpuMs: { readonly orchestrator: number; readonly workers: number; readonly redis: number };
  /** The most memory that the orchestrator's process has had. */
  readonly orchestratorPeakBytes: number;
  /** NaN where there is no Redis. */
  readonly redisPeakBytes: number;
  /** Cores that other programs had meanwhile; null where that cannot be told. */
  readonly othersCores: number | null;
}

/** Everything in one process, over the queue in memory. */
export async function scheduleEmbedded(options: ScheduleOptions): Promise<ScheduleCost> {
  const cluster = new BenchProcess('espalier-embedded.js');
  try {
    const run = (shape: TreeShape, seed: string) =>
      cluster.call<number>('run', { shape, seed, jobMs: 0, slots: options.slots } satisfies EmbeddedRunOptions);
    const cpuMs = async () => ({ orchestrator: await cluster.call<number>('cpuMs'), workers: 0, redis: 0 });
    const measured = await measure(options, run, cpuMs);
    const orchestratorPeakBytes = await cluster.call<number>('peakBytes');
    return { ...measured, orchestratorPeakBytes, redisPeakBytes: Number.NaN };
  } finally {
    await cluster.stop();
  }
}

/** An orchestrator, a worker and Redis, each in a process of its own. */
export async function scheduleOverBullmq(options: ScheduleOptions): Promise<ScheduleCost> {
  const redis = await BenchRedis.start();
  const producer = new BenchProcess('espalier-orchestrator.js');
  const worker = new BenchProcess('espalier-worker.js');
  try {
    const target: QueueTarget = { url: redis.url };
    await producer.call('open', target);
    const opening: EspalierWorkerOptions = { ...target, workerId: 'bench.1', concurrency: options.slots, holdMsMax: 0 };
    await worker.call('open', opening);
    const run = (shape: TreeShape, seed: string) => producer.call<number>('drain', { shape, seed });
    const cpuMs = async () => ({
      orchestrator: await producer.call<number>('cpuMs'),
      workers: await worker.call<number>('cpuMs'),
      redis: await redis.cpuMs(),
    });
    const measured = await measure(options, run, cpuMs);
    const orchestratorPeakBytes = await producer.call<number>('peakBytes');
    return { ...measured, orchestratorPeakBytes, redisPeakBytes: await redis.peakBytes() };
  } finally {
    await stopAll({ redis, producer, workers: [worker] });
  }
}

/**
 * Bytes that an embedded cluster keeps of a block for each of its jobs, when it has just been handed over: all of it, of a
 * block that is executed for that, or without its content and execution.
 */
export async function keptBytesPerJob(shape: TreeShape, what: 'whole' | 'scheduler-and-queue'): Promise<number> {
  const cluster = new BenchProcess('espalier-embedded.js');
  try {
    const kept = await cluster.call<number>(what === 'whole' ? 'keptExecuted' : 'kept', shape);
    return kept / treeOf(shape, 'kept').size;
  } finally {
    await cluster.stop();
  }
}

async function measure(
  { shape, blocks, warmUp }: ScheduleOptions,
  run: (shape: TreeShape, seed: string) => Promise<number>,
  cpuMs: () => Promise<ScheduleCost['cpuMs']>,
): Promise<Pick<ScheduleCost, 'jobs' | 'wallMs' | 'cpuMs' | 'othersCores'>> {
  for (let block = 1; block <= warmUp.blocks; block++) await run(warmUp.shape, `warm-up-${block}`);
  const before = await cpuMs();
  const othersCores = watchOthers();
  let wallMs = 0;
  for (let block = 1; block <= blocks; block++) wallMs += await run(shape, `measured-${block}`);
  const ofOthers = othersCores();
  const after = await cpuMs();
  const cpu = {
    orchestrator: after.orchestrator - before.orchestrator,
    workers: after.workers - before.workers,
    redis: after.redis - before.redis,
  };
  return { jobs: blocks * treeOf(shape, 'size').size, wallMs, cpuMs: cpu, othersCores: ofOthers };
}
