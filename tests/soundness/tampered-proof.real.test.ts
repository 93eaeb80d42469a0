import { gunzipSync } from 'node:zlib';
import { acvm, Noir } from '@noir-lang/noir_js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Abi,
  CHILD_CIRCUITS,
  type CircuitInputs,
  encodeInputs,
  type KeyHashes,
  publicInputsOf,
  TAGS,
} from '../../circuits/index.js';
import { type Engine, openEngine } from '../../cli/run/engine.js';
import { makeBlock } from '../../cli/run/make-block.js';
import { type ExecutedTransaction, executeBlock } from '../../orchestrator/index.js';
import {
  type AbiInputs,
  type Block,
  fieldsFromBytes,
  type Proof,
  toHex,
  type VerificationKey,
} from '../../proto/index.js';
import { compileTestCircuit } from '../support/compile-test-circuit.js';
import { withTarget } from '../support/proving-kit.js';

/**
 * What no witness solver sees: forged child proofs, keys that are not the child's, and witnesses changed after solving.
 * A prover makes a proof of anything; here none of these proofs verifies. What is honest does: a VM and bases in
 * `e2e/prove-block`, and here a base that owns up to its keys, made the same way. A base costs 25 s of CPU time.
 */
let engine: Engine;
let block: Block;
let transaction: ExecutedTransaction;
let withCall: ExecutedTransaction;
const SIGNAL = new AbortController().signal;

beforeAll(async () => {
  engine = await openEngine({
    srs: 'development',
    prover: { kind: 'native' },
    env: process.env,
    onWarning: () => undefined,
    onWait: () => undefined,
  });
  block = await makeBlock(engine, {
    txs: 2,
    calls: [0, 1],
    seed: 3,
    threads: 2,
    signal: SIGNAL,
    onProgress: () => undefined,
  });
  const { keys, hasher } = engine;
  const { transactions } = await executeBlock(block, hasher, { keysHash: keys.keysHash(hasher) });
  transaction = transactions[0] ?? expect.unreachable();
  withCall = transactions[1] ?? expect.unreachable();
});

afterAll(() => engine?.stop());

/** Solves, lets `tamper` change the solved witness, proves, and says whether the proof verifies. */
async function provesTo(
  call: CircuitInputs,
  children: AbiInputs,
  tamper: (witness: Map<number, string>) => void = () => undefined,
  hashes: KeyHashes = engine.keys.hashes,
): Promise<boolean> {
  const circuit = engine.circuits.circuit(call.circuit);
  const inputs = { ...encodeInputs(call, hashes), ...children };
  const noir = new Noir(circuit.artifact as unknown as ConstructorParameters<typeof Noir>[0]);
  const { witness } = await noir.execute(inputs as Parameters<Noir['execute']>[0]);
  const map = acvm.decompressWitness(witness);
  tamper(map);
  const publicInputs = publicInputsOf(circuit.artifact.abi as Abi, inputs);
  const key = engine.keys.key(call.circuit);
  const request = { circuit, key, publicInputs, witness: gunzipSync(acvm.compressWitness(map)) };
  const { proof } = await engine.prover.prove(request, { threads: 2 });
  return engine.prover.verify({ circuit, key, proof });
}

const child = (key: VerificationKey, proof: Pick<Proof, 'proof'>) => ({
  vk: key.fields,
  proof: fieldsFromBytes(proof.proof),
});

describe('a base over a client proof', () => {
  const clientProof = () => block.transactions[0]?.clientProof ?? expect.unreachable();
  const clientKey = () => engine.keys.key('client');

  test("does not with a sound proof under a key of the prover's own making, unless the hash of the keys says so", async () => {
    const { key, proof } = await proveAnything();
    const client_proof = child(key, proof);
    expect(await provesTo(transaction.baseInputs(), { client_proof })).toBe(false);
    // What whoever verifies the root would see, and refuse.
    const hashes = { ...engine.keys.hashes, client: key.hash };
    const keysHash = engine.hasher.hash([TAGS.keys, ...CHILD_CIRCUITS.map((name) => BigInt(hashes[name]))]);
    const { transactions } = await executeBlock(block, engine.hasher, { keysHash });
    const own = transactions[0]?.baseInputs() ?? expect.unreachable();
    expect(await provesTo(own, { client_proof }, undefined, hashes)).toBe(true);
  });

  test('does not with a child proof of something else: another transaction of the same circuit', async () => {
    const other = block.transactions[1]?.clientProof ?? expect.unreachable();
    expect(await provesTo(transaction.baseInputs(), { client_proof: child(clientKey(), other) })).toBe(false);
  });

  test('does not with one element of the child proof changed', async () => {
    const proof = fieldsFromBytes(clientProof().proof);
    proof[100] = proof[101] ?? expect.unreachable();
    expect(await provesTo(transaction.baseInputs(), { client_proof: { vk: clientKey().fields, proof } })).toBe(false);
  });
});

/** A proof of a circuit that exposes what the client circuit exposes for the first transaction, and demands nothing of it. */
async function proveAnything(): Promise<{ key: VerificationKey; proof: Proof }> {
  const source = 'fn main(exposed: pub [Field; 3]) { assert(exposed[0] != 0); }';
  const circuit = withTarget(await compileTestCircuit('client', source), 'noir-recursive');
  const { nullifier, sender, callsHash } = transaction.client;
  const publicInputs = [nullifier, sender, callsHash].map(toHex);
  const noir = new Noir(circuit.artifact as unknown as ConstructorParameters<typeof Noir>[0]);
  const { witness } = await noir.execute({ exposed: publicInputs });
  const key = await engine.prover.computeKey(circuit);
  const request = { circuit, key, publicInputs, witness: gunzipSync(witness) };
  const { proof } = await engine.prover.prove(request, { threads: 2 });
  expect(await engine.prover.verify({ circuit, key, proof })).toBe(true);
  return { key, proof };
}

describe('the public VM', () => {
  // The trace is not an input but follows in the circuit, so a prover who wants another one has to change solved values:
  // here the sender's new balance, which a step computes and a later one stores, in one place or wherever it stands.
  test.each([
    ['one place', 1],
    ['every place', Number.POSITIVE_INFINITY],
  ])('does not with a step of the trace changed in %s', async (_, placesMax) => {
    const call = withCall.vmInputs(0);
    if (call.circuit !== 'public-vm') expect.unreachable();
    const computed = call.inputs.accesses[1]?.newValue ?? expect.unreachable();
    const inputsCount = flatLength(encodeInputs(call, engine.keys.hashes));
    const verified = await provesTo(call, {}, (witness) => {
      const places = [...witness].filter(([index, value]) => index >= inputsCount && BigInt(value) === computed);
      expect(places.length).toBeGreaterThan(1);
      for (const [index] of places.slice(0, placesMax)) witness.set(index, `0x${(computed + 1n).toString(16)}`);
    });
    expect(verified).toBe(false);
  });
});

/** Field elements that inputs flatten to: the first witnesses of a circuit. */
function flatLength(value: AbiInputs | AbiInputs[string]): number {
  if (typeof value !== 'object') return 1;
  return Object.values(value).reduce((sum, part) => sum + flatLength(part), 0);
}
