import { expect, test } from 'vitest';
import { type Client, createClient, verifySignature } from '../../client/index.js';
import type { Program } from './support/program.js';
import { withCluster } from './support/with-cluster.js';

const BUDGET_MS = 540_000;

/**
 * The whole, with real proofs: a block goes over the API to a cluster of three workers and two orchestrators, of which
 * one each is killed, and every proof of it comes back as it rises. The cheapest block with a proof of a proof, and the
 * one place where the root of a single transaction is proven; `e2e/prove-block` proves with every other circuit.
 */
test('three workers and two orchestrators prove a real block over the API while one of each is killed', () =>
  withCluster({ real: true, budgetMs: BUDGET_MS }, async (cluster) => {
    const first = await cluster.orchestrator('o1');
    // A core each: of two cores, three workers have more than enough to do.
    const args = ['--cores', '1', '--memory', '4'];
    const workers = await Promise.all(['w1', 'w2', 'w3'].map((machine) => cluster.worker(machine, { args })));
    // A base and the root of a single transaction.
    const block = await cluster.block([0]);
    const submitting = createClient({ server: await apiOf(first) });
    const { blockId: id } = await submitting.submit(block, { keepProofs: true });
    submitting.close();
    await first.until((event) => event.kind === 'planned' && event.blockId === id);
    const second = await cluster.orchestrator('o2');
    const following = createClient({ server: await apiOf(second) });
    const collected = proofsOf(following, id);
    const base = await cluster.until(
      (event) => event.kind === 'proof-started' && isCircuit(event.jobId, 'base-rollup'),
    );
    const doomed = workers.find(({ name }) => String(base.workerId).startsWith(`${name}.`));
    await Promise.all([doomed?.end(), first.end()]);
    await second.until((event) => event.kind === 'planned' && event.blockId === id);
    await cluster.expectProven(block, BUDGET_MS);
    const again = cluster.events.filter((event) => event.kind === 'proof-made' && event.jobId === base.jobId);
    expect(again).toHaveLength(1);
    expect(await collected).toEqual(['base-rollup-private', 'root-rollup-single']);
    following.close();
    await cluster.expectNothingLeft([block]);
  }));

/** The circuits of a block's proofs, in the order in which they come, each signed by its maker. */
async function proofsOf(client: Client, id: string): Promise<string[]> {
  const circuits: string[] = [];
  for await (const item of client.proofs(id, { everyLevel: true })) {
    if (item.kind === 'ended') break;
    if (item.kind !== 'proof') throw new Error(`job ${item.jobId} came as ${item.kind}`);
    expect(verifySignature(item.proof)).toBe(true);
    circuits.push(item.proof.circuit);
  }
  return circuits;
}

async function apiOf(orchestrator: Program): Promise<string> {
  const { address } = await orchestrator.until(({ kind }) => kind === 'api');
  return String(address);
}

function isCircuit(jobId: unknown, circuit: string): boolean {
  return String(jobId).startsWith(circuit);
}
