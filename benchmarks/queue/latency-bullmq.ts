import { BenchProcess } from './bench-process.js';
import { BenchRedis } from './bench-redis.js';
import type { ProducerTarget } from './bullmq-producer.js';
import type { BullmqWorkerOptions } from './bullmq-worker.js';
import { stopAll } from './drain.js';
import { gapsMs, type LatencyOptions } from './latency.js';
import type { JobStamp } from './worker-notes.js';

/** Milliseconds of each sample. */
export interface BullmqLatency {
  /** From adding a job until a waiting worker has it. */
  readonly addToStart: readonly number[];
  /** From the end of a job until the worker has its parent in the flow. */
  readonly flowToNext: readonly number[];
  /** From the end of a job until the worker has the one that is added when `QueueEvents` tell of it. */
  readonly eventToNext: readonly number[];
}

export async function latencyBullmq(
  { samples, warmUps, holdMsMax }: LatencyOptions,
  atDefaults = false,
): Promise<BullmqLatency> {
  const redis = await BenchRedis.start();
  const producer = new BenchProcess('bullmq-producer.js');
  const worker = new BenchProcess('bullmq-worker.js');
  const count = samples + warmUps;
  const open = async (queue: string) => {
    const target = { url: redis.url, queue } satisfies ProducerTarget;
    await producer.call('open', target);
    const opening: BullmqWorkerOptions = { ...target, concurrency: 2, holdMsMax, atDefaults };
    await worker.call('open', opening);
    await worker.call('run');
  };
  const stamps = () => worker.call<readonly JobStamp[]>('stamps');
  try {
    await open('one-by-one');
    const addedMs = await producer.call<readonly number[]>('addOneByOne', { count, idleMsMax: holdMsMax });
    const addToStart = (await stamps()).map(({ startedMs }, i) => startedMs - (addedMs[i] ?? Number.NaN));
    await open('events');
    await producer.call('addOneByOne', { count, idleMsMax: 0 });
    const eventToNext = gapsMs(await stamps());
    await open('flow');
    await producer.call('addChain', count);
    await worker.call('completed', count);
    const late = (values: readonly number[]) => values.slice(warmUps);
    return { addToStart: late(addToStart), eventToNext: late(eventToNext), flowToNext: late(gapsMs(await stamps())) };
  } finally {
    await stopAll({ redis, producer, workers: [worker] });
  }
}
