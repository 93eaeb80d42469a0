import { BenchProcess } from '../queue/bench-process.js';
import { BenchRedis } from '../queue/bench-redis.js';
import type { ProducerTarget } from '../queue/bullmq-producer.js';
import type { BullmqWorkerOptions } from '../queue/bullmq-worker.js';
import { stopAll } from '../queue/drain.js';
import { drainBullmq } from '../queue/drain-bullmq.js';
import { latencyBullmq } from '../queue/latency-bullmq.js';
import { type TreeShape, treeOf } from '../queue/tree-shape.js';
import type { Peer, PeerFleet, PeerMemory } from './peer.js';

/** Plain BullMQ whose flows are the trees, on a Redis with AOF. */
export function bullmqFlowPeer(atDefaults: boolean): Peer {
  return {
    async drain({ slots: concurrency, ...fleet }) {
      const options = { ...fleet, concurrency, workers: 1, atDefaults };
      const { jobs, wallMs } = await drainBullmq({ ...options, what: 'flow', adding: 'within' });
      return (1_000 * jobs) / wallMs;
    },
    async latency(options) {
      const { addToStart, flowToNext } = await latencyBullmq(options, atDefaults);
      return { readyToStarted: addToStart, provenToNext: flowToNext };
    },
    makespan: (fleet, jobMs) => makespan(fleet, jobMs, atDefaults),
    memory,
  };
}

async function makespan({ shape, slots, warmUps }: PeerFleet, jobMs: number, atDefaults: boolean): Promise<number> {
  const redis = await BenchRedis.start();
  const producer = new BenchProcess('bullmq-producer.js');
  const worker = new BenchProcess('bullmq-worker.js');
  const prove = async (queue: string) => {
    const target = { url: redis.url, queue } satisfies ProducerTarget;
    await producer.call('open', target);
    const opening: BullmqWorkerOptions = { ...target, concurrency: slots, holdMsMax: 0, jobMs, atDefaults };
    await worker.call('open', opening);
    await worker.call('run');
    return producer.call<number>('proveFlow', shape);
  };
  try {
    for (let round = 1; round <= warmUps; round++) await prove(`warm-up-${round}`);
    return await prove('measured');
  } finally {
    await stopAll({ redis, producer, workers: [worker] });
  }
}

async function memory(shape: TreeShape): Promise<PeerMemory> {
  const redis = await BenchRedis.start();
  const producer = new BenchProcess('bullmq-producer.js');
  try {
    await producer.call('open', { url: redis.url, queue: 'memory' } satisfies ProducerTarget);
    const kept = async () => ({
      queue: await redis.usedBytes(),
      orchestrator: await producer.call<number>('keptBytes'),
    });
    const before = await kept();
    await producer.call('addFlow', shape);
    const after = await kept();
    const jobs = treeOf(shape, 'size').size;
    return {
      jobs,
      queued: jobs,
      queue: after.queue - before.queue,
      orchestrator: after.orchestrator - before.orchestrator,
    };
  } finally {
    await stopAll({ redis, producer });
  }
}
