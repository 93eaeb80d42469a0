import { BenchProcess } from './bench-process.js';
import { BenchRedis } from './bench-redis.js';
import { stopAll } from './drain.js';
import type { EmbeddedRunOptions } from './espalier-embedded.js';
import type { EspalierWorkerOptions } from './espalier-worker.js';
import { type Makespan, type MakespanOptions, makespanOf } from './makespan.js';
import type { QueueTarget } from './open-queue.js';

/** Seed of the tree that counts. */
const MEASURED = 'measured';

/** An orchestrator and workers, each in a process of its own, over BullMQ. */
export async function makespanOverBullmq(options: MakespanOptions): Promise<Makespan> {
  const { shape, jobMs, slots, warmUps } = options;
  const redis = await BenchRedis.start();
  const producer = new BenchProcess('espalier-orchestrator.js');
  const workers = Array.from({ length: options.workers }, () => new BenchProcess('espalier-worker.js'));
  try {
    const target: QueueTarget = { url: redis.url };
    await producer.call('open', target);
    const opening = { ...target, concurrency: slots / workers.length, holdMsMax: 0, jobMs };
    await Promise.all(
      workers.map((worker, i) =>
        worker.call('open', { ...opening, workerId: `bench-${i}.1` } satisfies EspalierWorkerOptions),
      ),
    );
    const prove = (seed: string) => producer.call<number>('drain', { shape, seed });
    for (let round = 1; round <= warmUps; round++) await prove(`warm-up-${round}`);
    return makespanOf(options, MEASURED, await prove(MEASURED));
  } finally {
    await stopAll({ redis, producer, workers });
  }
}

/** Everything in one process, over the queue in memory. */
export async function makespanEmbedded(options: MakespanOptions): Promise<Makespan> {
  const { warmUps, ...common } = options;
  const cluster = new BenchProcess('espalier-embedded.js');
  try {
    const prove = (seed: string) => cluster.call<number>('run', { ...common, seed } satisfies EmbeddedRunOptions);
    for (let round = 1; round <= warmUps; round++) await prove(`warm-up-${round}`);
    return makespanOf(options, MEASURED, await prove(MEASURED));
  } finally {
    await cluster.stop();
  }
}
