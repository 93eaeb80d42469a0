import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fakeTimeEnv } from './support/fake-time.js';
import { withCluster } from './support/with-cluster.js';

/** Clocks of orchestrator and worker, with `faketime`: the wall clock jumps, monotonic time goes on. */
test.each([
  ['an hour ahead', '+3600'],
  ['an hour back', '-3600'],
])(
  'wall clocks of an orchestrator and a worker jump %s: nobody is declared dead, the block is proven',
  { timeout: 90_000 },
  (_, jump) =>
    withCluster({ simulateMs: 500 }, async (cluster) => {
      const file = join(cluster.folder, 'clock');
      await writeFile(file, '+0\n');
      const env = fakeTimeEnv(file);
      const orchestrator = await cluster.orchestrator('o1', { env });
      await cluster.worker('w1', { env });
      const block = await cluster.block([1, 1]);
      await cluster.submit(block);
      await orchestrator.until((event) => event.kind === 'job-proven');
      await writeFile(file, `${jump}\n`);
      await cluster.expectProven(block);
      expect(cluster.events.filter((event) => event.kind === 'job-retried')).toEqual([]);
      await cluster.expectNothingLeft([block]);
    }),
);

test("Redis's clock jumps ahead, and every session's key has expired: nobody is declared dead", () =>
  withCluster({ simulateMs: 500 }, async (cluster) => {
    const orchestrator = await cluster.orchestrator('o1');
    await cluster.worker('w1');
    const block = await cluster.block([1, 1]);
    await cluster.submit(block);
    await orchestrator.until((event) => event.kind === 'job-proven');
    // `faketime` and Redis's allocator do not go together, so the effect stands for the cause.
    expect(await cluster.expireKeys()).toBeGreaterThanOrEqual(3);
    await cluster.expectProven(block);
    expect(cluster.events.filter((event) => event.kind === 'job-retried')).toEqual([]);
    await cluster.expectNothingLeft([block]);
  }));
