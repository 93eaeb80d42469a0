import { BenchProcess } from './bench-process.js';
import { BenchRedis } from './bench-redis.js';
import { type Drain, type DrainOptions, measureDrain, stopAll } from './drain.js';
import type { EspalierWorkerOptions } from './espalier-worker.js';
import type { QueueTarget } from './open-queue.js';
import { treeOf } from './tree-shape.js';

/** The tree, scheduled by an orchestrator: the workers wait, then the clock is started, then the block is there. */
export async function drainEspalier(options: DrainOptions): Promise<Drain> {
  const redis = await BenchRedis.start();
  const producer = new BenchProcess('espalier-orchestrator.js');
  const workers = Array.from({ length: options.workers }, () => new BenchProcess('espalier-worker.js'));
  try {
    const { shape, concurrency } = options;
    const target: QueueTarget = { url: redis.url };
    await producer.call('open', target);
    const opening = { ...target, concurrency, holdMsMax: 0 } satisfies Omit<EspalierWorkerOptions, 'workerId'>;
    await Promise.all(workers.map((worker, i) => worker.call('open', { ...opening, workerId: `bench-${i}.1` })));
    const drain = (seed: string) => producer.call<number>('drain', { shape, seed });
    for (let round = 1; round <= options.warmUps; round++) await drain(`warm-up-${round}`);
    return await measureDrain({ redis, producer, workers }, treeOf(shape, 'size').size, () => drain('measured'));
  } finally {
    await stopAll({ redis, producer, workers });
  }
}
