import { expect, test } from 'vitest';
import { withCluster } from './support/with-cluster.js';

/** Budget: the job of a killed worker runs elsewhere within 5 s (BullMQ's defaults: 36 to 88 s; Aztec's broker: 30 s). */
const ELSEWHERE_WITHIN_MS = 5_000;

test('worker SIGKILL mid-proof: its job runs elsewhere within 5 s, and the block is proven', () =>
  withCluster({ simulateMs: 600 }, async (cluster) => {
    await cluster.orchestrator('o1');
    const doomed = await cluster.worker('doomed');
    const block = await cluster.block([1, 1, 2]);
    const id = await cluster.submit(block);
    await cluster.worker('heir');
    const started = await doomed.next((event) => event.kind === 'proof-started');
    const killedAtMs = Date.now();
    await doomed.end();
    const again = await cluster.until(
      (event) => event.kind === 'job-started' && event.jobId === started.jobId && event.attempt === 2,
    );
    expect(again.atMs - killedAtMs).toBeLessThan(ELSEWHERE_WITHIN_MS);
    expect(again.workerId).toMatch(/^heir\./);
    const retried = cluster.events.find((event) => event.kind === 'job-retried' && event.jobId === started.jobId);
    expect(retried).toMatchObject({ blockId: id, error: { code: 'lease-lost' } });
    await cluster.expectProven(block);
    await cluster.expectNothingLeft([block]);
  }));
