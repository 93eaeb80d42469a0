import { expect, onTestFinished, test } from 'vitest';
import { type Client, createClient, verifySignature } from '../../client/index.js';
import { SPANS } from '../../common/index.js';
import { OtlpReceiver } from '../support/otlp-receiver.js';
import type { Program } from './support/program.js';
import { withCluster } from './support/with-cluster.js';

const BUDGET_MS = 540_000;
const SUBMIT = 'espalier.v1.BlockService/SubmitBlock';

/**
 * The whole, with real proofs: a block goes over the API to a cluster of three workers and two orchestrators, of which
 * one each is killed, and every proof of it comes back as it rises. The cheapest block with a proof of a proof, and the
 * one place where the root of a single transaction is proven; `e2e/prove-block` proves with every other circuit. What was
 * told of it to an OTLP backend is one trace, in which nothing refers to what never came.
 */
test('three workers and two orchestrators prove a real block over the API while one of each is killed', () =>
  withCluster({ real: true, budgetMs: BUDGET_MS }, async (cluster) => {
    const receiver = await OtlpReceiver.start();
    onTestFinished(() => receiver.stop());
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url };
    const named = (name: string) => receiver.spans.filter((span) => span.name === name);
    const first = await cluster.orchestrator('o1', { env });
    // A core each: of two cores, three workers have more than enough to do.
    const args = ['--cores', '1', '--memory', '4'];
    const workers = await Promise.all(['w1', 'w2', 'w3'].map((machine) => cluster.worker(machine, { args, env })));
    // A base and the root of a single transaction.
    const block = await cluster.block([0]);
    const submitting = createClient({ server: await apiOf(first) });
    const { blockId: id } = await submitting.submit(block, { keepProofs: true });
    submitting.close();
    await first.until((event) => event.kind === 'planned' && event.blockId === id);
    const second = await cluster.orchestrator('o2', { env });
    const following = createClient({ server: await apiOf(second) });
    const collected = proofsOf(following, id);
    const base = await cluster.until(
      (event) => event.kind === 'proof-started' && isCircuit(event.jobId, 'base-rollup'),
    );
    // The caller's part is sent by the orchestrator that is killed.
    await expect.poll(() => named(SUBMIT).length, { timeout: 30_000 }).toBe(1);
    const doomed = workers.find(({ name }) => String(base.workerId).startsWith(`${name}.`));
    await Promise.all([doomed?.end(), first.end()]);
    await second.until((event) => event.kind === 'planned' && event.blockId === id);
    await cluster.expectProven(block, BUDGET_MS);
    const again = cluster.events.filter((event) => event.kind === 'proof-made' && event.jobId === base.jobId);
    expect(again).toHaveLength(1);
    expect(await collected).toEqual(['base-rollup-private', 'root-rollup-single']);
    following.close();
    await cluster.expectNothingLeft([block]);
    // Every process has ended, and has sent what it had to tell.
    const ids = new Set(receiver.spans.map(({ spanId }) => spanId));
    expect(new Set(receiver.spans.map(({ traceId }) => traceId)).size).toBe(1);
    expect(receiver.spans.filter(({ parentId }) => parentId !== '' && !ids.has(parentId))).toEqual([]);
    expect(named(SPANS.block.name)).toHaveLength(1);
    const made = named(SPANS.attempt.name).filter(({ attributes }) => attributes['espalier.outcome'] === 'proven');
    const circuits = made.map(({ attributes }) => String(attributes['espalier.job.id']).split('.')[0]);
    expect(circuits.toSorted()).toEqual(['base-rollup-private', 'root-rollup-single']);
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
