import { expect, test } from 'vitest';
import { measureWatch } from './watch.js';

test('a few who watch a block get every event, and how long it took is told', async () => {
  const tiny = { watchers: 4, processes: 2, paced: 5, everyMs: 1, flat: 40, chunk: 10 };
  const rows = await measureWatch(tiny, 1, () => {});
  const values = Object.fromEntries(rows.map(({ name, value }) => [name, value]));
  expect(Object.keys(values)).toEqual([
    'watch/delay/p50',
    'watch/delay/p99',
    'watch/delay/p99.9',
    'watch/delivered',
    'watch/server-memory',
  ]);
  expect(values['watch/delay/p50']).toBeGreaterThan(0);
  expect(values['watch/delivered']).toBeGreaterThan(0);
});
