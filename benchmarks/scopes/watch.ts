import { watchOthers } from '../../native/index.js';
import type { WatchServerAddress } from '../api/watch-server.js';
import type { Watched, WatchersOptions } from '../api/watchers.js';
import { median } from '../median.js';
import { BenchProcess } from '../queue/bench-process.js';
import { machineMs } from '../queue/clock.js';
import { percentile } from '../queue/percentile.js';
import type { Row, Scope } from '../scope.js';

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

/** Issue 4: 1,000 watchers. */
const FULL: WatchBenchOptions = { watchers: 1_000, processes: 2, paced: 100, everyMs: 100, flat: 10_000, chunk: 100 };
const CONNECTIONS = 4;
const PERCENTS = [50, 99, 99.9];

export const watch: Scope = {
  description: 'a thousand who watch one block over the API: delay of an event, events a second, memory',
  repetitions: 3,
  run: ({ repetitions, progress }) => measureWatch(FULL, repetitions, progress),
};

interface Measured {
  readonly delaysMs: readonly number[];
  readonly perSecond: number;
  readonly memoryBytes: number;
  readonly othersCores: number;
}

export async function measureWatch(
  options: WatchBenchOptions,
  repetitions: number,
  progress: (line: string) => void,
): Promise<readonly Row[]> {
  const all: Measured[] = [];
  for (let repetition = 1; repetition <= repetitions; repetition++) {
    progress(`watch: ${repetition} of ${repetitions}`);
    all.push(await measureOnce(options));
  }
  const row = (name: string, unit: string, values: readonly number[]): Row => ({ name, unit, ...median(values) });
  return [
    ...PERCENTS.map((percent) =>
      row(
        `watch/delay/p${percent}`,
        'ms',
        all.map(({ delaysMs }) => percentile(delaysMs, percent)),
      ),
    ),
    row(
      'watch/delivered',
      'events/s',
      all.map(({ perSecond }) => perSecond),
    ),
    row(
      'watch/server-memory',
      'MB',
      all.map(({ memoryBytes }) => memoryBytes / 1e6),
    ),
    row(
      'watch/cores-of-others',
      'cores',
      all.map(({ othersCores }) => othersCores),
    ),
  ];
}

async function measureOnce({ watchers, processes, paced, everyMs, flat, chunk }: WatchBenchOptions): Promise<Measured> {
  const othersCores = watchOthers();
  const server = new BenchProcess('../api/watch-server.js');
  const crowds = Array.from({ length: processes }, () => new BenchProcess('../api/watchers.js'));
  const share = watchers / processes;
  const collect = (events: number) =>
    Promise.all(crowds.map((crowd) => crowd.call<Watched>('collect', events * share)));
  try {
    const address = await server.call<WatchServerAddress>('open');
    const opening: WatchersOptions = { ...address, watchers: share, connections: CONNECTIONS };
    await Promise.all(crowds.map((crowd) => crowd.call('open', opening)));
    await server.call('tellPaced', { events: paced, everyMs });
    const delaysMs = (await collect(paced)).flatMap((watched) => watched.delaysMs);
    const startedMs = machineMs();
    await server.call('tellAll', { events: flat, chunk });
    const lastMs = Math.max(...(await collect(flat)).map((watched) => watched.lastMs));
    const memoryBytes = await server.call<number>('memoryBytes');
    return {
      delaysMs,
      perSecond: (1_000 * flat * watchers) / (lastMs - startedMs),
      memoryBytes,
      othersCores: othersCores() ?? Number.NaN,
    };
  } finally {
    await Promise.all([server, ...crowds].map((program) => program.stop()));
  }
}
