import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { withCluster } from './support/with-cluster.js';

/** As long as a failover of a managed Redis takes at worst. */
const AWAY_MS = 30_000;

test('Redis SIGKILL and restart with AOF: everybody goes on', () =>
  withCluster({ simulateMs: 300 }, async (cluster) => {
    const orchestrator = await cluster.orchestrator('o1');
    await cluster.worker('w1');
    await cluster.worker('w2');
    const block = await cluster.block([1, 1, 1, 2]);
    await cluster.submit(block);
    await orchestrator.until((event) => event.kind === 'job-proven');
    await cluster.redis.kill();
    await cluster.redis.restart();
    await cluster.expectProven(block);
    await cluster.expectNothingLeft([block]);
  }));

test('Redis away for 30 s: nobody who lives is declared dead, and the block is proven', { timeout: 165_000 }, () =>
  withCluster({ simulateMs: 2_000, budgetMs: 150_000 }, async (cluster) => {
    const orchestrator = await cluster.orchestrator('o1');
    await cluster.worker('w1');
    await cluster.worker('w2');
    const block = await cluster.block([1, 1, 2]);
    await cluster.submit(block);
    await orchestrator.until((event) => event.kind === 'job-proven');
    await cluster.redis.kill();
    // Not to wait for something: this is the fault.
    await delay(AWAY_MS);
    await cluster.redis.restart();
    await cluster.expectProven(block);
    expect(cluster.events.filter((event) => event.kind === 'job-retried')).toEqual([]);
    await cluster.expectNothingLeft([block]);
  }),
);
