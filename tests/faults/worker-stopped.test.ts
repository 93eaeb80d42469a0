import { expect, test } from 'vitest';
import { firstToPrint } from './support/program.js';
import { withCluster } from './support/with-cluster.js';

const ELSEWHERE_WITHIN_MS = 10_000;

test('worker SIGSTOP: its job runs elsewhere within 10 s; when it wakes up it changes nothing', () =>
  // A proof must not be over before its worker is stopped, however late that is on a busy machine.
  withCluster({ simulateMs: 2_000 }, async (cluster) => {
    await cluster.orchestrator('o1');
    const workers = [await cluster.worker('a'), await cluster.worker('b')];
    // One job at a time, so that the other worker is idle.
    const block = await cluster.block([1]);
    await cluster.submit(block);
    const { program: sleeper, event: started } = await firstToPrint(workers, 'proof-started');
    sleeper.kill('SIGSTOP');
    const stoppedAtMs = Date.now();
    const again = await cluster.until(
      (event) => event.kind === 'job-started' && event.jobId === started.jobId && event.attempt === 2,
    );
    expect(again.atMs - stoppedAtMs).toBeLessThan(ELSEWHERE_WITHIN_MS);
    expect(String(again.workerId).split('.')[0]).not.toBe(sleeper.name);
    sleeper.kill('SIGCONT');
    await cluster.expectProven(block);
    await cluster.expectNothingLeft([block]);
  }));
