import { expect, it } from 'vitest';
import { measureLatency } from './latency.js';

it('measures a few jobs in each way', async () => {
  const rows = await measureLatency({ samples: 5, warmUps: 1, holdMsMax: 2 }, 1, () => {});
  const ofJobs = rows.filter(({ unit }) => unit === 'ms');
  expect(ofJobs).toHaveLength(7 * 3);
  for (const { name, value } of ofJobs) expect([name, value > 0]).toEqual([name, true]);
});
