import { BenchProcess } from './bench-process.js';
import { BenchRedis } from './bench-redis.js';
import { stopAll } from './drain.js';
import type { AddedJob } from './espalier-orchestrator.js';
import type { EspalierWorkerOptions } from './espalier-worker.js';
import { gapsMs, type LatencyOptions } from './latency.js';
import type { QueueTarget } from './open-queue.js';
import type { JobStamp } from './worker-notes.js';

/** Milliseconds of each sample. */
export interface EspalierLatency {
  /** From adding a ready job until a waiting worker has it and would begin. */
  readonly readyToStarted: readonly number[];
  /** From adding a ready job until the orchestrator has heard that it is begun. */
  readonly readyToHeard: readonly number[];
  /** From the end of a proof until a worker has the job above it, the scheduler in between. */
  readonly provenToNext: readonly number[];
}

export async function latencyEspalier({ samples, warmUps, holdMsMax }: LatencyOptions): Promise<EspalierLatency> {
  const redis = await BenchRedis.start();
  const producer = new BenchProcess('espalier-orchestrator.js');
  const worker = new BenchProcess('espalier-worker.js');
  const count = samples + warmUps;
  const stamps = () => worker.call<readonly JobStamp[]>('stamps');
  try {
    const target: QueueTarget = { url: redis.url };
    await producer.call('open', target);
    const opening: EspalierWorkerOptions = { ...target, workerId: 'bench.1', concurrency: 2, holdMsMax };
    await worker.call('open', opening);
    const added = await producer.call<readonly AddedJob[]>('addOneByOne', { count, idleMsMax: holdMsMax });
    const starts = (await stamps()).map(({ startedMs }) => startedMs);
    await producer.call('chain', count);
    const gaps = gapsMs(await stamps());
    const late = (values: readonly number[]) => values.slice(warmUps);
    return {
      readyToStarted: late(added.map(({ addedMs }, i) => (starts[i] ?? Number.NaN) - addedMs)),
      readyToHeard: late(added.map(({ addedMs, heardMs }) => heardMs - addedMs)),
      provenToNext: late(gaps),
    };
  } finally {
    await stopAll({ redis, producer, workers: [worker] });
  }
}
