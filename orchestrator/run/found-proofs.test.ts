import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import type { ProofRecord, ProverIdentity } from '../../proto/index.js';
import { MemoryBlobStore, ProofStore } from '../../store/index.js';
import { planBlock } from '../plan/index.js';
import { findProofs } from './found-proofs.js';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
/** Two transactions, of two calls and of none. */
const tree = planBlock({ lineageSeed: sha256('seed'), transactionIds: ['a', 'b'].map(sha256), callCounts: [2, 0] });
const identity: ProverIdentity = { kind: 'native', version: '5.0.0', srs: 'development' };
const keys = { key: (name: string) => ({ bytes: new Uint8Array(), fields: [], hash: `key of ${name}` }) };

const [base = -1] = tree.childJobs(tree.root).filter((job) => tree.circuit(job) === 'base-rollup-public');
const [kernel = -1] = tree.childJobs(base);
const belowKernel = tree.childJobs(kernel);

let proofs: ProofStore;
beforeEach(() => {
  proofs = new ProofStore(new MemoryBlobStore());
});

function put(job: number, change: Partial<ProofRecord> = {}): Promise<void> {
  const circuit = tree.circuit(job);
  return proofs.putProof({
    jobId: tree.jobId(job),
    circuit,
    proof: new Uint8Array(64),
    publicInputs: [],
    keyHash: `key of ${circuit}`,
    prover: identity,
    workerId: 'w1',
    startedAtMs: 0,
    finishedAtMs: 1,
    threads: 1,
    usage: { wallMs: 1, cpuMs: null, peakMemoryBytes: null },
    timings: { queuedMs: 0, witnessMs: 0, proveMs: 1, verifyMs: 0, storeMs: 0 },
    attempts: 1,
    ...change,
  });
}

async function find() {
  const { finished, records, unsound } = await findProofs(tree, proofs, keys, identity);
  const all = Array.from({ length: tree.size }, (_, job) => job);
  return { finished: all.filter((job) => finished.has(job)), records: [...records.keys()], unsound };
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
    ['another key', { keyHash: 'another' }, /key another, not key of/],
    ['another SRS', { prover: { ...identity, srs: 'canonical' } }, /SRS canonical/],
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
