import fc from 'fast-check';
import { expect, test } from 'vitest';
import { wire } from '../../../proto/index.js';
import { countValues, UPLOAD_SHAPES } from './wire-values.js';

const SHAPE = UPLOAD_SHAPES.get('/espalier.v1.BlockService/SubmitBlock') ?? {};

const bytes = fc.uint8Array({ minLength: 1, maxLength: 40 }).map((list) => Buffer.from(list));
const call = fc.record({
  contract: bytes,
  calldata: fc.array(bytes, { maxLength: 8 }),
  gasLimit: fc.integer({ min: 1, max: 4_096 }),
});
const transaction = fc.record({
  sender: bytes,
  nullifier: bytes,
  calls: fc.array(call, { maxLength: 5 }),
  clientProof: bytes,
  clientProofSrs: fc.constant(wire.Srs.CANONICAL),
});

const encode = (transactions: wire.Transaction[]) =>
  wire.SubmitBlockRequest.encode({ part: { part: { $case: 'transactions', value: { transactions } } } }).finish();

test('counts each value of a message and of those in it', () => {
  fc.assert(
    fc.property(fc.array(transaction, { maxLength: 10 }), (transactions) => {
      const ofCall = ({ calldata }: wire.Call) => 2 + calldata.length;
      const ofAll = transactions.reduce(
        (sum, { calls }) => sum + 1 + 4 + calls.reduce((inner, one) => inner + 1 + ofCall(one), 0),
        2,
      );
      expect(countValues(encode(transactions), SHAPE, 1_000_000)).toBe(ofAll);
    }),
  );
});

test('counts no further than it was asked to', () => {
  const many = Buffer.concat(Array.from({ length: 10_000 }, () => Buffer.from([0x0a, 0x00])));
  expect(countValues(many, {}, 100)).toBe(101);
});

test('ends on whatever comes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (garbage) => {
      expect(countValues(garbage, SHAPE, 1_000)).toBeLessThanOrEqual(garbage.length);
    }),
  );
});
