import { expect, test } from 'vitest';
import { withCluster } from './support/with-cluster.js';

const BUDGET_MS = 540_000;

/** The whole, with real proofs: a cluster of three workers and two orchestrators, of which one each is killed. */
test('three workers and two orchestrators prove a real block while one of each is killed', () =>
  withCluster({ real: true, budgetMs: BUDGET_MS }, async (cluster) => {
    const first = await cluster.orchestrator('o1');
    // A core each: of two cores, three workers have more than enough to do.
    const args = ['--cores', '1', '--memory', '4'];
    const workers = await Promise.all(['w1', 'w2', 'w3'].map((machine) => cluster.worker(machine, { args })));
    const block = await cluster.block([1, 0]);
    const id = await cluster.submit(block);
    await first.until((event) => event.kind === 'planned' && event.blockId === id);
    const second = await cluster.orchestrator('o2');
    const base = await cluster.until(
      (event) => event.kind === 'proof-started' && isCircuit(event.jobId, 'base-rollup'),
    );
    const doomed = workers.find(({ name }) => String(base.workerId).startsWith(`${name}.`));
    await Promise.all([doomed?.end(), first.end()]);
    await second.until((event) => event.kind === 'planned' && event.blockId === id);
    await cluster.expectProven(block, BUDGET_MS);
    const again = cluster.events.filter((event) => event.kind === 'proof-made' && event.jobId === base.jobId);
    expect(again).toHaveLength(1);
    await cluster.expectNothingLeft([block]);
  }));

function isCircuit(jobId: unknown, circuit: string): boolean {
  return String(jobId).startsWith(circuit);
}
