import { expect, test } from 'vitest';
import { withCluster } from './support/with-cluster.js';

const ELSEWHERE_WITHIN_MS = 10_000;

test('worker SIGSTOP: its job runs elsewhere within 10 s; when it wakes up it changes nothing', () =>
  withCluster({ simulateMs: 600 }, async (cluster) => {
    await cluster.orchestrator('o1');
    const sleeper = await cluster.worker('sleeper');
    const block = await cluster.block([1, 2]);
    await cluster.submit(block);
    await cluster.worker('heir');
    const started = await sleeper.next((event) => event.kind === 'proof-started');
    const stoppedAtMs = Date.now();
    sleeper.kill('SIGSTOP');
    const again = await cluster.until(
      (event) => event.kind === 'job-started' && event.jobId === started.jobId && event.attempt === 2,
    );
    expect(again.atMs - stoppedAtMs).toBeLessThan(ELSEWHERE_WITHIN_MS);
    expect(again.workerId).toMatch(/^heir\./);
    sleeper.kill('SIGCONT');
    await cluster.expectProven(block);
    await cluster.expectNothingLeft([block]);
  }));
