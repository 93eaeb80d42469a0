import { BenchProcess } from '../queue/bench-process.js';
import { BenchRedis } from '../queue/bench-redis.js';
import { stopAll } from '../queue/drain.js';
import { drainEspalier } from '../queue/drain-espalier.js';
import { latencyEspalier } from '../queue/latency-espalier.js';
import { makespanOverBullmq } from '../queue/makespan-espalier.js';
import type { QueueTarget } from '../queue/open-queue.js';
import { type TreeShape, treeOf } from '../queue/tree-shape.js';
import type { Peer, PeerMemory } from './peer.js';

/** Espalier as a cluster runs it, over BullMQ on a Redis with AOF. */
export const espalierPeer: Peer = {
  async drain({ slots: concurrency, ...fleet }) {
    const { jobs, wallMs } = await drainEspalier({ ...fleet, concurrency, workers: 1 });
    return (1_000 * jobs) / wallMs;
  },
  latency: latencyEspalier,
  makespan: async (fleet, jobMs) => (await makespanOverBullmq({ ...fleet, jobMs, workers: 1 })).makespanMs,
  memory,
};

async function memory(shape: TreeShape): Promise<PeerMemory> {
  const redis = await BenchRedis.start();
  const producer = new BenchProcess('espalier-orchestrator.js');
  try {
    await producer.call('open', { url: redis.url } satisfies QueueTarget);
    const before = await redis.usedBytes();
    const orchestrator = await producer.call<number>('kept', shape);
    const kept = (await redis.usedBytes()) - before;
    const queued = await producer.call<number>('queued');
    return { jobs: treeOf(shape, 'size').size, queued, queue: kept, orchestrator };
  } finally {
    await stopAll({ redis, producer });
  }
}
