import { expect, test } from 'vitest';
import { firstToPrint } from './support/program.js';
import { withCluster } from './support/with-cluster.js';

test('drain under load: SIGTERM finishes what runs, gives the rest back, exits 0', () =>
  withCluster({ simulateMs: 800 }, async (cluster) => {
    await cluster.orchestrator('o1');
    const leaving = await cluster.worker('leaving');
    const block = await cluster.block([1, 1, 2]);
    await cluster.submit(block);
    const started = await cluster.until((event) => event.kind === 'job-started');
    leaving.kill('SIGTERM');
    const { code } = await leaving.exited;
    expect(code).toBe(0);
    await cluster.until((event) => event.kind === 'job-proven' && event.jobId === started.jobId);
    await cluster.worker('staying');
    await cluster.expectProven(block);
    expect(cluster.events.filter((event) => event.kind === 'job-retried')).toEqual([]);
    await cluster.expectNothingLeft([block]);
  }));

test('a spot notice (SIGUSR1) gives everything back at once, and it runs elsewhere', () =>
  withCluster({ simulateMs: 2_000 }, async (cluster) => {
    await cluster.orchestrator('o1');
    const workers = [await cluster.worker('a'), await cluster.worker('b')];
    // One job at a time, so that the other worker is idle.
    const block = await cluster.block([1]);
    await cluster.submit(block);
    const { program: leaving, event: started } = await firstToPrint(workers, 'proof-started');
    const noticedAtMs = Date.now();
    leaving.kill('SIGUSR1');
    const { code } = await leaving.exited;
    expect(code).toBe(0);
    const again = await cluster.until(
      ({ kind, jobId, workerId }) =>
        kind === 'job-started' && jobId === started.jobId && String(workerId).split('.')[0] !== leaving.name,
    );
    expect(again.atMs - noticedAtMs).toBeLessThan(3_000);
    await cluster.expectProven(block);
    await cluster.expectNothingLeft([block]);
  }));
