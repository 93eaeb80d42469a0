import { expect, it } from 'vitest';
import { measureScheduling } from './scheduling.js';

it('schedules tiny blocks, embedded and over BullMQ', async () => {
  const tiny = { sizes: [2, 3, 5], reference: 3, calls: 1, transactionsMin: 6, warmUps: 1, slots: 3, executed: 64 };
  const rows = await measureScheduling(tiny, 1, () => {});
  const measured = (name: string) => rows.find((row) => row.name === `scheduling/${name}`)?.value ?? Number.NaN;
  for (const way of ['embedded', 'bullmq']) {
    for (const size of tiny.sizes) {
      expect(measured(`${way}/${size}/rate`)).toBeGreaterThan(0);
      expect(measured(`${way}/${size}/cpu`)).toBeGreaterThan(0);
      expect(measured(`${way}/${size}/orchestrator-memory`)).toBeGreaterThan(1);
    }
    expect(measured(`${way}/5/cost-ratio`)).toBeCloseTo(measured(`${way}/5/cpu`) / measured(`${way}/3/cpu`));
  }
  // Of so few jobs without an execution it is lost in what the process has given back meanwhile.
  expect(measured('kept-memory/scheduler-and-queue')).not.toBeNaN();
  expect(measured('kept-memory')).toBeGreaterThan(100);
  expect(measured('bullmq/2/redis-memory')).toBeGreaterThan(0);
});
