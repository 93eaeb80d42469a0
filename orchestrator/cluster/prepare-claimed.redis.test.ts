import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type Abi, publicInputsOf } from '../../circuits/index.js';
import { type Block, type BlockId, type ProofRecord, sourceOf, summaryOf } from '../../proto/index.js';
import { claimOne, PROVING } from '../../tests/support/board-samples.js';
import { ClusterBench } from '../../tests/support/cluster-bench.js';
import { simulatedBlock } from '../../tests/support/simulated-block.js';
import { type PreparedBlock, prepareBlock } from '../run/index.js';

/** Two VM jobs, two kernels, two bases and the root: 7. */
const CALLS = [1, 1];

let bench: ClusterBench;
let block: Block;
let prepared: PreparedBlock;
beforeAll(async () => {
  bench = await ClusterBench.start();
  block = await simulatedBlock(bench.engine, CALLS);
  prepared = await prepareBlock(sourceOf(block), bench.engine, {});
});
afterEach(() => bench.clear());
afterAll(() => bench.stop());

async function proveBase(transaction: number): Promise<ProofRecord> {
  const { tree, inputs } = prepared;
  const { circuits, keys, prover } = bench.engine;
  const job = tree.baseJob(transaction);
  const circuit = circuits.circuit(tree.circuit(job));
  const key = keys.key(circuit.spec.name);
  const publicInputs = publicInputsOf(circuit.artifact.abi as Abi, inputs.of(job));
  const { proof, usage } = await prover.prove({ circuit, key, publicInputs, witness: null }, { threads: 1 });
  return {
    ...proof,
    ...{ jobId: tree.jobId(job), circuit: circuit.spec.name, keyHash: key.hash, prover: prover.identity },
    ...{
      workerId: 'machine.earlier',
      startedAtMs: 0,
      finishedAtMs: 1,
      threads: 1,
      usage,
      attempts: 1,
      signature: null,
    },
    timings: { queuedMs: 0, witnessMs: 0, proveMs: 1, verifyMs: 0, storeMs: 0 },
  };
}

/** A block whose earlier owner accepted these proofs, and is gone. */
async function submitProven(records: readonly ProofRecord[]): Promise<BlockId> {
  const id = await bench.submit(block);
  const owner = await bench.board.owner('machine.earlier', bench.heart);
  const claim = await claimOne(owner);
  await owner.note(claim, PROVING);
  await owner.credit(claim, records.map(summaryOf));
  for (const record of records) await bench.proofs.putProof(record);
  await owner.close();
  return id;
}

async function damage(jobId: string): Promise<void> {
  const key = `proofs/${jobId}`;
  const bytes = await bench.store.inner.get(key);
  if (bytes === undefined) throw new Error(`job ${jobId} has no proof`);
  await bench.store.inner.put(
    key,
    bytes.map((byte, at) => (at === bytes.length - 1 ? byte ^ 1 : byte)),
  );
}

it('takes what an earlier owner accepted unread, and has it proven again where it was damaged since', async () => {
  const records = [await proveBase(0), await proveBase(1)];
  const id = await submitProven(records);
  const damaged = prepared.tree.jobId(prepared.tree.baseJob(0));
  await damage(damaged);
  const orchestrator = await bench.orchestrator();
  const worker = await bench.worker();
  expect(await bench.ended(id)).toMatchObject({ state: 'proven' });
  const kinds = orchestrator.events.map(({ event }) => event.kind);
  const corrupt = orchestrator.events.flatMap(({ event }) => (event.kind === 'proof-corrupt' ? [event.jobId] : []));
  expect(corrupt).toEqual([damaged]);
  expect(kinds.indexOf('planned')).toBeLessThan(kinds.indexOf('proof-corrupt'));
  // The damaged base, with what is below it and was deleted long ago, and the root.
  expect(worker.begun).toBe(4);
  const credits = await bench.blocks.getCredits(id);
  const credited = new Map(credits.map(({ jobId, workerId }) => [jobId, workerId]));
  expect(credited.get(prepared.tree.jobId(prepared.tree.baseJob(1)))).toBe('machine.earlier');
  expect(credited.get(damaged)).not.toBe('machine.earlier');
});

it('reads what no earlier owner accepted, and notes who made it', async () => {
  const id = await submitProven([]);
  const [sound, damaged] = [await proveBase(0), await proveBase(1)];
  for (const record of [sound, damaged]) await bench.proofs.putProof(record);
  await damage(damaged.jobId);
  const orchestrator = await bench.orchestrator();
  await expect.poll(async () => [...(await bench.board.credited(id))], { interval: 5 }).toEqual([sound.jobId]);
  const kinds = orchestrator.events.map(({ event }) => event.kind);
  expect(kinds.indexOf('proof-corrupt')).toBeLessThan(kinds.indexOf('planned'));
});
