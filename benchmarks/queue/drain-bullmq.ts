import { BenchProcess } from './bench-process.js';
import { BenchRedis } from './bench-redis.js';
import type { ProducerTarget } from './bullmq-producer.js';
import type { BullmqWorkerOptions } from './bullmq-worker.js';
import { machineMs } from './clock.js';
import { type Drain, type DrainOptions, type DrainProcesses, measureDrain, stopAll } from './drain.js';
import { lastCompletedMs } from './last-completed.js';
import { treeOf } from './tree-shape.js';

export interface BullmqDrainOptions extends DrainOptions {
  /** `jobs`: as many independent jobs as the tree has; `flow`: the tree, its edges BullMQ's to follow. */
  readonly what: 'jobs' | 'flow';
  /** `before`: they are all there when the clock is started; `within`: the clock is started, then they are added. */
  readonly adding: 'before' | 'within';
  readonly atDefaults?: BullmqWorkerOptions['atDefaults'];
}

/** Plain BullMQ. */
export async function drainBullmq(options: BullmqDrainOptions): Promise<Drain> {
  const redis = await BenchRedis.start();
  const producer = new BenchProcess('bullmq-producer.js');
  const workers = Array.from({ length: options.workers }, () => new BenchProcess('bullmq-worker.js'));
  try {
    const processes = { redis, producer, workers };
    for (let round = 1; round <= options.warmUps; round++) await drainOnce(processes, options, `warm-up-${round}`);
    return await drainOnce(processes, options, 'measured');
  } finally {
    await stopAll({ redis, producer, workers });
  }
}

async function drainOnce(processes: DrainProcesses, options: BullmqDrainOptions, queue: string): Promise<Drain> {
  const { redis, producer, workers } = processes;
  const { shape, concurrency, what, adding, atDefaults = false } = options;
  const { url } = redis;
  const jobs = treeOf(shape, 'size').size;
  await producer.call('open', { url, queue } satisfies ProducerTarget);
  const opening = { url, queue, concurrency, holdMsMax: 0, atDefaults } satisfies BullmqWorkerOptions;
  await Promise.all(workers.map((worker) => worker.call('open', opening)));
  const add = () =>
    what === 'flow' ? producer.call<number>('addFlow', shape) : producer.call<number>('addJobs', jobs);
  const run = () => Promise.all(workers.map((worker) => worker.call('run')));
  if (adding === 'before') await add();
  else await run();
  return measureDrain(processes, jobs, async () => {
    let startedMs = machineMs();
    if (adding === 'within') startedMs = await add();
    else await run();
    return (await lastCompletedMs(workers, jobs)) - startedMs;
  });
}
