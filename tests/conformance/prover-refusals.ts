import { beforeAll, expect, test } from 'vitest';
import type { ProveRequest, Prover, VerifyRequest } from '../../native/index.js';
import { SimulatedProver } from '../../native/index.js';
import type { Proof } from '../../proto/index.js';
import { expectCode } from '../support/expect-code.js';
import { iteratedSquares, requestFor, SMALL_ITERATIONS } from '../support/proving-kit.js';

const OTHER_ITERATIONS = 310;

/** What a prover must refuse: to make, or to accept. */
export function describeRefusals(prover: () => Prover): void {
  let request: ProveRequest;
  let valid: Proof;
  beforeAll(async () => {
    request = await requestFor(prover());
    valid = (await prover().prove(request, { threads: 2 })).proof;
  });

  const verify = (change: Partial<VerifyRequest>) => prover().verify({ ...request, proof: valid, ...change });

  test('a proof with a bit flipped anywhere', async () => {
    // Over the whole length, in high and low bytes of field elements, so that some cease to be canonical.
    for (let at = 0; at < valid.proof.length; at += 1_009) {
      const proof = Uint8Array.from(valid.proof);
      proof[at] = (proof[at] ?? 0) ^ 0x40;
      expect(await verify({ proof: { ...valid, proof } }), `byte ${at}`).toBe(false);
    }
    expect(await verify({})).toBe(true);
  });

  test.each<[string, (proof: Uint8Array) => Uint8Array]>([
    ['empty', () => new Uint8Array(0)],
    ['cut short', (proof) => proof.subarray(0, -32)],
    ['cut inside a field element', (proof) => proof.subarray(0, -1)],
    ['too long', (proof) => Buffer.concat([proof, new Uint8Array(32)])],
    ['all zeros', (proof) => new Uint8Array(proof.length)],
  ])('a proof that is %s', async (_, change) => {
    expect(await verify({ proof: { ...valid, proof: change(valid.proof) } })).toBe(false);
  });

  test.each<[string, (inputs: readonly string[]) => string[]]>([
    ['changed', ([, ...rest]) => [`0x${'6'.padStart(64, '0')}`, ...rest]],
    ['swapped', (inputs) => inputs.toReversed()],
    ['missing', (inputs) => inputs.slice(1)],
    ['too many', (inputs) => [...inputs, `0x${'0'.repeat(64)}`]],
    ['not canonical', ([, ...rest]) => ['0x05', ...rest]],
    ['beyond the modulus', ([, ...rest]) => [`0x${'f'.repeat(64)}`, ...rest]],
    ['no numbers', ([, ...rest]) => ['five', ...rest]],
  ])('public inputs that are %s', async (_, change) => {
    expect(await verify({ proof: { ...valid, publicInputs: change(valid.publicInputs) } })).toBe(false);
  });

  test('a proof of another circuit, or a key that is none', async () => {
    const { circuit } = await iteratedSquares(OTHER_ITERATIONS);
    const other = await prover().computeKey(circuit);
    expect(other.hash).not.toBe(request.key.hash);
    expect(await verify({ key: other, circuit })).toBe(false);
    if (!prover().needsWitness) return;
    expect(await verify({ key: { ...request.key, bytes: new Uint8Array(request.key.bytes.length) } })).toBe(false);
    expect(await verify({ key: { ...request.key, bytes: new Uint8Array(0) } })).toBe(false);
  });

  test('simulated proofs, unless it is the simulated prover itself', async () => {
    const simulated = new SimulatedProver({ wait: async () => {} });
    const { proof } = await simulated.prove(request, { threads: 1 });
    expect(await verify({ proof })).toBe(prover().identity.kind === 'simulated');
  });

  test('to make a proof with other public inputs than its job has', async () => {
    // The simulated prover has no witness to tell them from.
    if (!prover().needsWitness) return;
    const { otherWitness, publicInputs } = await iteratedSquares(SMALL_ITERATIONS);
    const other = prover().prove({ ...request, witness: otherWitness }, { threads: 2 });
    await expectCode(other, 'proof-invalid', /public input 1 is 0x[0-9a-f]{64}, expected 0x[0-9a-f]{64}/);
    const fewer = prover().prove({ ...request, publicInputs: publicInputs.slice(0, 1) }, { threads: 2 });
    await expectCode(fewer, 'proof-invalid', /public input 1 is .* expected none/);
  });

  test('work that makes no sense, in its own words, and goes on', async () => {
    if (!prover().needsWitness) return;
    const prove = (change: Partial<ProveRequest>) => prover().prove({ ...request, ...change }, { threads: 2 });
    await expectCode(prove({ witness: null }), 'inputs-malformed', /no witness for proving merge-rollup/);
    const garbage = new Uint8Array(1_000).fill(7);
    await expectCode(prove({ witness: garbage }), 'prover-rejected', /proving merge-rollup: .*msgpack/);
    const circuit = { ...request.circuit, bytecode: garbage };
    await expectCode(prove({ circuit }), 'prover-rejected', /proving merge-rollup: .*msgpack/);
    const key = { ...request.key, bytes: request.key.bytes.subarray(0, 100) };
    await expectCode(prove({ key }), 'prover-rejected', /key of merge-rollup .* malformed/);
    expect(await prover().verify({ ...request, proof: (await prove({})).proof })).toBe(true);
  });
}
