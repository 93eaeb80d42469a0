import { expect, it } from 'vitest';
import { measureDrains } from './drain.js';

it('drains a tiny tree in each way, with two workers', async () => {
  const tiny = {
    shape: { transactions: 3, calls: 2 },
    workers: 2,
    warmUps: 1,
    concurrency: { bullmq: 3, espalier: 3 },
  };
  const rows = await measureDrains(tiny, 1, () => {});
  const measured = (name: string) => rows.find((row) => row.name === `drain/${name}`)?.value ?? Number.NaN;
  for (const way of ['bullmq-jobs', 'bullmq-jobs-and-adding', 'bullmq-flow', 'bullmq-flow-and-adding', 'espalier']) {
    expect(measured(way)).toBeGreaterThan(0);
    expect(measured(`${way}/worker-cpu`)).toBeGreaterThan(0);
    expect(measured(`${way}/redis-memory`)).toBeGreaterThan(0);
  }
  expect(measured('ratio-to-bullmq-jobs')).toBeCloseTo(measured('espalier') / measured('bullmq-jobs'));
});
