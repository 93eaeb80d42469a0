import { type Measured, WATCH_NOTE, type WatchBenchOptions, watchOnce } from '../api/watch-once.js';
import { median } from '../median.js';
import { percentile } from '../queue/percentile.js';
import type { Row, Scope } from '../scope.js';

/** Issue 4: 1,000 watchers. */
const FULL: WatchBenchOptions = { watchers: 1_000, processes: 2, paced: 100, everyMs: 100, flat: 10_000, chunk: 100 };
const PERCENTS = [50, 99, 99.9];

export const watch: Scope = {
  description: 'a thousand who watch one block over the API: delay of an event, events a second, memory',
  repetitions: 3,
  run: ({ repetitions, progress }) => measureWatch(FULL, repetitions, progress),
};

export async function measureWatch(
  options: WatchBenchOptions,
  repetitions: number,
  progress: (line: string) => void,
): Promise<readonly Row[]> {
  const all: Measured[] = [];
  for (let repetition = 1; repetition <= repetitions; repetition++) {
    progress(`watch: ${repetition} of ${repetitions}`);
    all.push(await watchOnce(options));
  }
  const row = (name: string, unit: string, values: readonly number[]): Row => ({ name, unit, ...median(values) });
  return [
    ...PERCENTS.map((percent) => ({
      ...row(
        `watch/delay/p${percent}`,
        'ms',
        all.map(({ delaysMs }) => percentile(delaysMs, percent)),
      ),
      note: WATCH_NOTE,
    })),
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
  ];
}
