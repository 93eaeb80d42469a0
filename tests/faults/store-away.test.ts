import { setTimeout as delay } from 'node:timers/promises';
import { test } from 'vitest';
import { startS3 } from '../support/s3-server.js';
import { withCluster } from './support/with-cluster.js';

const AWAY_MS = 30_000;

test('the store away for 30 s: proofs wait for it, nothing is proven again', { timeout: 165_000 }, async () => {
  const s3 = await startS3();
  try {
    await withCluster({ simulateMs: 1_000, s3, budgetMs: 150_000 }, async (cluster) => {
      const orchestrator = await cluster.orchestrator('o1');
      await cluster.worker('w1');
      const block = await cluster.block([1, 1]);
      await cluster.submit(block);
      await orchestrator.until((event) => event.kind === 'job-proven');
      await s3.kill();
      // Not to wait for something: this is the fault.
      await delay(AWAY_MS);
      await s3.restart();
      await cluster.expectProven(block);
      await cluster.expectNothingLeft([block]);
    });
  } finally {
    await s3.stop();
  }
});
