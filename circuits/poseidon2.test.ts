import { readFile } from 'node:fs/promises';
import { BackendType, BarretenbergSync } from '@aztec/bb.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FIELD_MODULUS, type Field, fieldFromBytes, fieldToBytes } from '../proto/index.js';
import { contractAddress, packInstruction, programHash } from './assembly/index.js';
import { createHasher, type Hasher } from './poseidon2/hasher.js';
import { callsHashes, clientPublic, padCalldata, TAGS } from './protocol-hashes.js';

const hasher = await createHasher();
const field = fc.bigInt(0n, FIELD_MODULUS - 1n);

/** The sponge of docs/circuits.md over the bare permutation. */
function sponge(hasher: Hasher, inputs: readonly Field[]): Field {
  let state: readonly [Field, Field, Field, Field] = [0n, 0n, 0n, BigInt(inputs.length) << 64n];
  for (let i = 0; i < inputs.length; i += 3) {
    const absorb = (lane: Field, j: number) => (lane + (inputs[i + j] ?? 0n)) % FIELD_MODULUS;
    state = hasher.permute([absorb(state[0], 0), absorb(state[1], 1), absorb(state[2], 2), state[3]]);
  }
  return state[0];
}

test('the permutation has the published test vector', () => {
  // HorizenLabs/poseidon2, plain_implementations: BN256, t = 4, input 0 1 2 3.
  expect(hasher.permute([0n, 1n, 2n, 3n])[0]).toBe(0x01bd538c2ee014ed5141b29e9ae240bf8db3fe5b9a38629a9647cf8d76c01737n);
});

test('the sponge over the permutation is what the library hashes', () => {
  fc.assert(
    fc.property(fc.array(field, { minLength: 1, maxLength: 70 }), (inputs) => {
      expect(sponge(hasher, inputs)).toBe(hasher.hash(inputs));
    }),
    { numRuns: 50 },
  );
});

/** Where a carry, a reduction or a word's border could go wrong. */
const edge = fc.constantFrom(
  ...[0n, 1n, 2n, FIELD_MODULUS - 1n, FIELD_MODULUS - 2n, (FIELD_MODULUS - 1n) / 2n],
  ...[29n, 58n, 64n, 128n, 192n, 232n, 253n].flatMap((bits) => [(1n << bits) - 1n, 1n << bits]),
);

test('permutation, sponge and compression equal those of bb.js', async () => {
  const api = await BarretenbergSync.new({ backend: BackendType.Wasm });
  const any = fc.oneof(field, edge);
  fc.assert(
    fc.property(fc.tuple(any, any, any, any), (state) => {
      const inputs = state.map(fieldToBytes);
      const expected = api.poseidon2Permutation({ inputs }).outputs.map(fieldFromBytes);
      expect(hasher.permute(state)).toEqual(expected);
      expect(hasher.compress(...state)).toBe(((expected[0] ?? 0n) + state[0]) % FIELD_MODULUS);
    }),
    { numRuns: 1_000 },
  );
  fc.assert(
    fc.property(fc.array(any, { minLength: 1, maxLength: 24 }), (inputs) => {
      expect(hasher.hash(inputs)).toBe(fieldFromBytes(api.poseidon2Hash({ inputs: inputs.map(fieldToBytes) }).hash));
    }),
    { numRuns: 500 },
  );
  let long = 1n;
  let expected = 1n;
  for (let i = 0; i < 2_000; i++) {
    long = hasher.permute([long, BigInt(i), 0n, FIELD_MODULUS - 1n])[0];
    const inputs = [expected, BigInt(i), 0n, FIELD_MODULUS - 1n].map(fieldToBytes);
    expected = fieldFromBytes(api.poseidon2Permutation({ inputs }).outputs[0] ?? new Uint8Array());
  }
  expect(long).toBe(expected);
});

test('hashing nothing is what bb.js and the circuits make of it', async () => {
  const api = await BarretenbergSync.new({ backend: BackendType.Wasm });
  expect(hasher.hash([])).toBe(fieldFromBytes(api.poseidon2Hash({ inputs: [] }).hash));
});

test('the tags are those of the Noir library', async () => {
  const source = await readFile(new URL('./lib/src/hash.nr', import.meta.url), 'utf8');
  const tags = [...source.matchAll(/pub global TAG_([A-Z]+): Field = (\d+);/g)].map(([, name = '', value = '']) => [
    name.toLowerCase(),
    BigInt(value),
  ]);
  expect(Object.fromEntries(tags)).toEqual(TAGS);
});

test('packed instructions keep their fields apart', () => {
  const packed = packInstruction({ op: 1, d: 2, a: 3, b: 4, imm: 5n });
  expect(packed).toBe(1n + 2n * 2n ** 8n + 3n * 2n ** 16n + 4n * 2n ** 24n + 5n * 2n ** 32n);
});

test('a program is hashed padded, and its address depends on the salt', () => {
  const program = [{ op: 1, d: 0, a: 3, b: 0, imm: 0n }];
  const hash = programHash(hasher, program);
  expect(hash).toBe(sponge(hasher, [1n, 1n + 3n * 2n ** 16n, ...new Array<bigint>(63).fill(0n)]));
  expect(contractAddress(hasher, hash, 7n)).toBe(sponge(hasher, [2n, hash, 7n]));
  expect(contractAddress(hasher, hash, 8n)).not.toBe(contractAddress(hasher, hash, 7n));
});

test('a transaction commits to its calls, first to last', () => {
  const calls = [
    { contract: 1n, calldata: [2n], gasLimit: 3 },
    { contract: 4n, calldata: [], gasLimit: 6 },
  ];
  const [first, second] = calls.map(({ contract, calldata, gasLimit }) =>
    sponge(hasher, [9n, contract, sponge(hasher, [8n, ...padCalldata(calldata)]), BigInt(gasLimit)]),
  ) as [Field, Field];
  const rest = sponge(hasher, [10n, second, 0n]);
  const all = sponge(hasher, [10n, first, rest]);
  expect(callsHashes(hasher, [first, second])).toEqual([all, rest, 0n]);
  expect(clientPublic(hasher, { nullifier: 5n, sender: 6n, calls })).toEqual({
    nullifier: 5n,
    sender: 6n,
    callsHash: all,
  });
  expect(clientPublic(hasher, { nullifier: 5n, sender: 6n, calls: [] }).callsHash).toBe(0n);
});
