import { expect, test } from 'vitest';
import { firstToPrint } from './support/program.js';
import { withCluster } from './support/with-cluster.js';

/** Budget: the job of a killed worker runs elsewhere within 5 s (BullMQ's defaults: 36 to 88 s; Aztec's broker: 30 s). */
const ELSEWHERE_WITHIN_MS = 5_000;

test('worker SIGKILL mid-proof: its job runs elsewhere within 5 s, and the block is proven', () =>
  // A proof must not be over before its worker is killed, however late that is on a busy machine.
  withCluster({ simulateMs: 2_000 }, async (cluster) => {
    await cluster.orchestrator('o1');
    const workers = [await cluster.worker('a'), await cluster.worker('b')];
    // One job at a time, so that the other worker is idle.
    const block = await cluster.block([1]);
    const id = await cluster.submit(block);
    const { program: doomed, event: started } = await firstToPrint(workers, 'proof-started');
    const killedAtMs = Date.now();
    await doomed.end();
    const again = await cluster.until(
      (event) => event.kind === 'job-started' && event.jobId === started.jobId && event.attempt === 2,
    );
    expect(again.atMs - killedAtMs).toBeLessThan(ELSEWHERE_WITHIN_MS);
    expect(String(again.workerId).split('.')[0]).not.toBe(doomed.name);
    const retried = cluster.events.find((event) => event.kind === 'job-retried' && event.jobId === started.jobId);
    expect(retried).toMatchObject({ blockId: id, error: { code: 'lease-lost' } });
    await cluster.expectProven(block);
    await cluster.expectNothingLeft([block]);
  }));
