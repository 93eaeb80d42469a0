import { BenchProcess } from '../queue/bench-process.js';
import { machineMs } from '../queue/clock.js';
import type { WatchServerAddress } from './watch-server.js';
import type { WatchersOptions } from './watchers.js';

export interface WatchBenchOptions {
  readonly watchers: number;
  readonly processes: number;
  /** Told one by one, for the delay; and how far apart. */
  readonly paced: number;
  readonly everyMs: number;
  /** Told as fast as it goes, for the throughput; and how many to a chunk, as a busy orchestrator publishes them. */
  readonly flat: number;
  readonly chunk: number;
}

export interface Measured {
  readonly delaysMs: readonly number[];
  readonly perSecond: number;
  readonly memoryBytes: number;
}

/** Of the delay of an event, for readers. */
export const WATCH_NOTE = 'board and event log in memory: Redis is not in it';

const CONNECTIONS = 4;

/** Some watch one block over the API, in processes of their own, while what happens in it is told. */
export async function watchOnce({
  watchers,
  processes,
  paced,
  everyMs,
  flat,
  chunk,
}: WatchBenchOptions): Promise<Measured> {
  const server = new BenchProcess('../api/watch-server.js');
  const crowds = Array.from({ length: processes }, () => new BenchProcess('../api/watchers.js'));
  const share = watchers / processes;
  const ofEach = <T>(name: string, events: number) =>
    Promise.all(crowds.map((crowd) => crowd.call<T>(name, events * share)));
  try {
    const address = await server.call<WatchServerAddress>('open');
    const opening: WatchersOptions = { ...address, watchers: share, connections: CONNECTIONS };
    await Promise.all(crowds.map((crowd) => crowd.call('open', opening)));
    await server.call('tellPaced', { events: paced, everyMs });
    const delaysMs = (await ofEach<readonly number[]>('delaysMs', paced)).flat();
    const startedMs = machineMs();
    await server.call('tellAll', { events: flat, chunk });
    const lastMs = Math.max(...(await ofEach<number>('lastMs', flat)));
    const memoryBytes = await server.call<number>('memoryBytes');
    return {
      delaysMs,
      perSecond: (1_000 * flat * watchers) / (lastMs - startedMs),
      memoryBytes,
    };
  } finally {
    await Promise.all([server, ...crowds].map((program) => program.stop()));
  }
}
