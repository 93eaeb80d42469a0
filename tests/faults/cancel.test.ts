import { expect, test } from 'vitest';
import { withCluster } from './support/with-cluster.js';

const ENDS_WITHIN_MS = 1_000;

test('cancel ends running proofs within 1 s; resubmitting reuses what was finished', () =>
  withCluster({ simulateMs: 1_000 }, async (cluster) => {
    await cluster.orchestrator('o1');
    const worker = await cluster.worker('w1');
    const block = await cluster.block([1, 1]);
    const id = await cluster.submit(block);
    await cluster.until((event) => event.kind === 'job-proven');
    const proven = cluster.accepted(id);
    await cluster.until((event) => event.kind === 'job-started' && !proven.includes(String(event.jobId)));
    const cancelledAtMs = Date.now();
    expect(await cluster.cancel(id)).toBe(true);
    const idle = await worker.until((event) => event.kind === 'idle' && event.atMs >= cancelledAtMs);
    expect(idle.atMs - cancelledAtMs).toBeLessThan(ENDS_WITHIN_MS);
    expect(await cluster.ended(id)).toMatchObject({ state: 'cancelled' });
    await cluster.submit(block);
    await cluster.expectProven(block);
    await cluster.expectNothingLeft([block]);
  }));

test('a reorg that keeps the first transactions proves nothing of them again', () =>
  withCluster({ simulateMs: 300 }, async (cluster) => {
    await cluster.orchestrator('o1');
    await cluster.worker('w1');
    const block = await cluster.block([1, 1, 1]);
    const id = await cluster.submit(block);
    await cluster.until((event) => event.kind === 'job-proven' && String(event.jobId).startsWith('base-rollup'));
    await cluster.cancel(id);
    await cluster.ended(id);
    const before = cluster.accepted(id);
    const shorter = { ...block, transactions: block.transactions.slice(0, 2) };
    const reorged = await cluster.submit(shorter);
    await cluster.expectProven(shorter);
    expect(cluster.accepted(reorged).filter((jobId) => before.includes(jobId))).toEqual([]);
    await cluster.expectNothingLeft([block, shorter]);
  }));

test('submitting one block five times at once is submitting it once', () =>
  withCluster({ simulateMs: 50 }, async (cluster) => {
    await cluster.orchestrator('o1');
    await cluster.worker('w1');
    const block = await cluster.block([1, 0]);
    const ids = await Promise.all([1, 2, 3, 4, 5].map(() => cluster.submit(block)));
    expect(new Set(ids).size).toBe(1);
    await cluster.expectProven(block);
    await cluster.expectNothingLeft([block]);
  }));
