import { createHash, generateKeyPairSync } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { SimulatedProver } from '../../native/index.js';
import { type CircuitName, type ProofRecord, signProof, toHex } from '../../proto/index.js';
import { MemoryBlobStore, ProofStore } from '../../store/index.js';
import { required, smallCircuits } from '../../tests/support/worker-fixture.js';
import { type JobCircuit, planBlock } from '../plan/index.js';
import { findProofs } from './found-proofs.js';
import { StoredProofs } from './stored-proofs.js';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
/** Two transactions, of two calls and of none. */
const tree = planBlock({ lineageSeed: sha256('seed'), transactionIds: ['a', 'b'].map(sha256), callCounts: [2, 0] });
const prover = new SimulatedProver({ defaultDurationMs: 0 });
const { identity } = prover;
const circuits = smallCircuits();
const inputs = { of: (job: number) => ({ x: toHex(BigInt(job)) }) };
const never = new AbortController().signal;

const [base = -1] = tree.childJobs(tree.root).filter((job) => tree.circuit(job) === 'base-rollup-public');
const [kernel = -1] = tree.childJobs(base);
const belowKernel = tree.childJobs(kernel);

let proofs: ProofStore;
beforeEach(() => {
  proofs = new ProofStore(new MemoryBlobStore());
});

async function put(job: number, change: Partial<ProofRecord> = {}): Promise<void> {
  const circuit = circuits.circuit(tree.circuit(job));
  const key = await prover.computeKey(circuit);
  const publicInputs = [inputs.of(job).x];
  const { proof, usage } = await prover.prove({ circuit, key, publicInputs, witness: null }, { threads: 1 });
  await proofs.putProof({
    jobId: tree.jobId(job),
    circuit: circuit.spec.name,
    ...proof,
    keyHash: key.hash,
    prover: identity,
    workerId: 'w1',
    startedAtMs: 0,
    finishedAtMs: 1,
    threads: 1,
    usage,
    timings: { queuedMs: 0, witnessMs: 0, proveMs: 1, verifyMs: 0, storeMs: 0 },
    attempts: 1,
    signature: null,
    ...change,
  });
}

async function storedProofs(): Promise<StoredProofs> {
  const names = Array.from({ length: tree.size }, (_, job) => tree.circuit(job));
  const keys = new Map(
    await Promise.all(names.map(async (name) => [name, await prover.computeKey(circuits.circuit(name))] as const)),
  );
  const key = (name: CircuitName) => required(keys.get(name as JobCircuit));
  return new StoredProofs({ tree, inputs }, proofs, { circuits, keys: { key }, prover });
}

async function find({ signal = never, accepted = [] as readonly number[] } = {}) {
  const stored = await storedProofs();
  const { finished, summaries, unsound } = await findProofs(tree, stored, proofs, {
    signal,
    accepted: new Set(accepted.map((job) => tree.jobId(job))),
  });
  const all = Array.from({ length: tree.size }, (_, job) => job);
  return { finished: all.filter((job) => finished.has(job)), records: [...summaries.keys()], unsound };
}

const sorted = (jobs: readonly number[]) => [...jobs].sort((a, b) => a - b);

test('an empty store has nothing', async () => {
  expect(await find()).toEqual({ finished: [], records: [], unsound: [] });
});

test('sound proofs are found wherever they stand', async () => {
  const [first = -1] = belowKernel;
  await put(first);
  expect(await find()).toEqual({ finished: [first], records: [tree.jobId(first)], unsound: [] });
});

test('what a killed run did not get to delete is found too, for the scheduler to delete, and not read', async () => {
  await put(kernel);
  // Damaged or not: nobody reads it.
  for (const job of belowKernel) await put(job, { keyHash: 'another' });
  expect(belowKernel.length).toBeGreaterThan(0);
  expect(await find()).toEqual({
    finished: sorted([kernel, ...belowKernel]),
    records: [tree.jobId(kernel)],
    unsound: [],
  });
});

test('a finished block is left as it is', async () => {
  await put(tree.root);
  await put(kernel);
  expect(await find()).toEqual({ finished: [tree.root], records: [tree.jobId(tree.root)], unsound: [] });
});

describe('a proof is dropped and reported, and what is below it looked for, when it was made with', () => {
  test.each([
    ['another key', { keyHash: 'another' }, /key another, not 0x/],
    ['another SRS', { prover: { ...identity, srs: 'canonical' } }, /SRS canonical/],
    ['other public inputs', { publicInputs: [toHex(99n)] }, /other values/],
    ['nothing at all', { proof: new Uint8Array(64) }, /does not verify with key 0x/],
  ] as const)('%s', async (_, change, message) => {
    await put(kernel, change);
    for (const job of belowKernel) await put(job);
    expect(await find()).toEqual({
      finished: sorted(belowKernel),
      records: expect.arrayContaining(belowKernel.map((job) => tree.jobId(job))),
      unsound: [{ jobId: tree.jobId(kernel), message: expect.stringMatching(message) }],
    });
    expect(await proofs.hasProof(tree.jobId(kernel))).toBe(false);
  });
});

describe('a proof that an earlier owner accepted', () => {
  const nothing = { proof: new Uint8Array(64) };

  test('is taken unread, unlike others, while it is listed', async () => {
    const [first = -1] = belowKernel;
    await put(kernel, nothing);
    expect(await find({ accepted: [kernel, first, base] })).toEqual({ finished: [kernel], records: [], unsound: [] });
    await put(base, nothing);
    expect(await find({ accepted: [kernel, first] })).toEqual({
      finished: [kernel],
      records: [],
      unsound: [{ jobId: tree.jobId(base), message: expect.stringMatching(/does not verify/) }],
    });
    await proofs.deleteProof(tree.jobId(kernel));
    expect(await find({ accepted: [kernel, first] })).toEqual({ finished: [], records: [], unsound: [] });
  });

  test('is read all the same where it is that of the root', async () => {
    await put(tree.root, nothing);
    expect(await find({ accepted: [tree.root] })).toEqual({
      finished: [],
      records: [],
      unsound: [{ jobId: tree.jobId(tree.root), message: expect.stringMatching(/does not verify/) }],
    });
  });
});

test('a false proof is blamed on whoever signed it, and on nobody where nobody did', async () => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const stored = await storedProofs();
  await put(kernel);
  const record = required(await proofs.getProof(tree.jobId(kernel)));
  const { signature: _, ...unsigned } = { ...record, proof: record.proof.map((byte) => byte ^ 1) };
  const signature = signProof(unsigned, privateKey);
  const fault = expect.stringMatching(/does not verify/);
  await proofs.putProof({ ...unsigned, signature });
  expect(await stored.find(kernel)).toEqual({ fault, falseBy: 'w1' });
  await proofs.putProof({ ...unsigned, signature, workerId: 'w2' });
  expect(await stored.find(kernel)).toEqual({ fault });
  await proofs.putProof({ ...unsigned, signature: null });
  expect(await stored.find(kernel)).toEqual({ fault });
});

test('stops looking when it is not wanted any more', async () => {
  await expect(find({ signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' });
});
