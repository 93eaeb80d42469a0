import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EspalierError } from '../../common/index.js';
import type { Block, Transaction } from '../block.js';
import type { BlockPart } from '../block-part.js';
import { FIELD_MODULUS } from '../field.js';
import { LIMITS } from '../limits.js';
import { blockId, familyOf, outlineOf, startStateId } from './block-id.js';
import { BlockIdentity } from './block-identity.js';
import { serializeBlock } from './block-json.js';
import { collectBlock, PartBatcher, partsOf } from './block-parts.js';
import { checkPart } from './check-part.js';
import { parseBlockJson } from './parse-block-json.js';
import { decodePart, encodePart } from './part-codec.js';
import { PartSequence } from './part-sequence.js';

const field = fc.bigInt({ min: 0n, max: FIELD_MODULUS - 1n });
const call = fc.record({
  contract: field,
  calldata: fc.array(field, { maxLength: LIMITS.calldataWords }),
  gasLimit: fc.integer({ min: 1, max: LIMITS.callGasMax }),
});
const transaction: fc.Arbitrary<Transaction> = fc.record({
  sender: field,
  nullifier: field,
  calls: fc.array(call, { maxLength: 3 }),
  clientProof: fc.record({
    proof: fc.uint8Array({ maxLength: 40 }),
    srs: fc.constantFrom('canonical', 'development', 'none'),
  }),
});
const contract = fc.record({
  name: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,9}$/),
  address: field,
  salt: field,
  source: fc.string({ maxLength: 30, unit: 'binary' }),
});
const block: fc.Arbitrary<Block> = fc.record({
  version: fc.constant(1),
  start: fc.record({
    storage: fc.array(fc.record({ contract: field, slot: field, value: fc.oneof(field, fc.constant(0n)) })),
    nullifiers: fc.array(field),
  }),
  contracts: fc.array(contract, { maxLength: 3 }),
  transactions: fc.array(transaction, { minLength: 1, maxLength: 6 }),
});

/** The block's parts, cut and joined so that each has about these many bytes. */
function batched(parts: Iterable<BlockPart>, bytesMax: number): BlockPart[] {
  const batcher = new PartBatcher(bytesMax);
  return [...parts].flatMap((part) => [...batcher.add(part)]).concat(...batcher.end());
}

test('however a block is cut into parts, it is the same block with the same id', async () => {
  await fc.assert(
    fc.asyncProperty(block, fc.integer({ min: 1, max: 600 }), fc.integer({ min: 1, max: 600 }), async (whole, a, b) => {
      const parts = batched(batched(partsOf(whole), a), b);
      const sequence = new PartSequence();
      const identity = new BlockIdentity();
      for (const part of parts) identity.add(checkPart(part, sequence));
      sequence.end();
      expect(await collectBlock(parts)).toEqual(whole);
      expect(identity.outline).toEqual(outlineOf(whole));
      expect(identity.finish()).toEqual({
        blockId: blockId(whole),
        family: familyOf(whole),
        transactions: whole.transactions.length,
        calls: whole.transactions.reduce((sum, { calls }) => sum + calls.length, 0),
        srs: whole.transactions[0]?.clientProof.srs,
      });
    }),
  );
});

test('a block is the same as JSON, and its parts are as bytes', () => {
  fc.assert(
    fc.property(block, fc.integer({ min: 1, max: 600 }), (whole, bytesMax) => {
      expect(parseBlockJson(JSON.parse(serializeBlock(whole)))).toEqual(whole);
      for (const part of batched(partsOf(whole), bytesMax)) expect(decodePart(encodePart(part))).toEqual(part);
    }),
  );
});

test('bytes that are cut short, or too many, are no part', () => {
  fc.assert(
    fc.property(block, fc.nat(), (whole, cut) => {
      for (const part of partsOf(whole)) {
        const bytes = encodePart(part);
        expect(() => decodePart(bytes.subarray(0, cut % bytes.length))).toThrow();
        expect(() => decodePart(Buffer.concat([bytes, Buffer.alloc(1)]))).toThrow('follow its end');
      }
    }),
    { numRuns: 30 },
  );
});

test('the id of a large starting state does not depend on its order', () => {
  const entry = (index: number) => ({ contract: BigInt(index % 3), slot: BigInt(index * 7919), value: BigInt(index) });
  const storage = Array.from({ length: 20_000 }, (_, index) => entry(index));
  const nullifiers = storage.map(({ slot }) => slot);
  const id = startStateId({ storage, nullifiers });
  expect(startStateId({ storage: storage.toReversed(), nullifiers: nullifiers.toReversed() })).toBe(id);
  expect(startStateId({ storage, nullifiers: nullifiers.slice(1) })).not.toBe(id);
});

const [one] = fc.sample(transaction, 1) as [Transaction];
const header: BlockPart = { kind: 'header', version: 1 };
const some: BlockPart = { kind: 'transactions', transactions: [one] };

function lineOf(parts: readonly unknown[]): string {
  const sequence = new PartSequence();
  try {
    for (const part of parts) checkPart(part as BlockPart, sequence);
    sequence.end();
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(EspalierError);
    return (thrown as EspalierError).toLine();
  }
  return 'taken';
}

test.each<[string, readonly unknown[], string]>([
  ['nothing', [], 'there is nothing of a block'],
  ['no header', [some], 'the first part is transactions'],
  ['two headers', [header, header], 'header come after header'],
  ['contracts behind transactions', [header, some, { kind: 'contracts', contracts: [] }], 'contracts come after trans'],
  ['no transaction', [header], 'the block has no transaction; allowed: 1 to 65536 transactions'],
  ['another version', [{ kind: 'header', version: 2 }], 'version: 2 is not allowed'],
  ['a kind of its own', [header, { kind: 'more' }], 'kind: "more" is not allowed'],
  [
    'a field out of range',
    [header, some, { kind: 'transactions', transactions: [one, { ...one, sender: FIELD_MODULUS }] }],
    'tx 2, sender: 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001 is not allowed',
  ],
  [
    'a negative nullifier',
    [header, { kind: 'state', storage: [], nullifiers: [1n] }, { kind: 'state', storage: [], nullifiers: [-1n] }],
    'start, nullifier 1: -1 is not allowed',
  ],
  [
    'a proof that is too large',
    [
      header,
      { kind: 'transactions', transactions: [{ ...one, clientProof: { proof: new Uint8Array(32_769), srs: 'none' } }] },
    ],
    'tx 0, clientProof, proof: 32769 bytes is not allowed; allowed: at most 32768 bytes',
  ],
  [
    'too many contracts',
    [header, ...Array.from({ length: 2 }, () => ({ kind: 'contracts', contracts: contracts(2_500) })), some],
    'contracts: a list of more than 4096 is not allowed; split the block',
  ],
])('refuses %s', (_, parts, expected) => {
  expect(lineOf(parts)).toContain(expected);
});

function contracts(count: number) {
  return Array.from({ length: count }, () => ({ name: 'a', address: 1n, salt: 1n, source: '' }));
}
