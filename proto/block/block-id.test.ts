import { expect, test } from 'vitest';
import type { Block, Transaction } from '../../proto/index.js';
import { blockId, startStateId, transactionId } from './block-id.js';

const transaction: Transaction = {
  sender: 1n,
  nullifier: 2n,
  calls: [
    { contract: 3n, calldata: [4n], gasLimit: 5 },
    { contract: 3n, calldata: [], gasLimit: 5 },
  ],
  clientProof: { proof: new Uint8Array([1, 2]), srs: 'none' },
};
const block: Block = {
  version: 1,
  start: {
    storage: [
      { contract: 1n, slot: 2n, value: 3n },
      { contract: 1n, slot: 1n, value: 9n },
    ],
    nullifiers: [4n, 5n],
  },
  contracts: [{ name: 'a', address: 3n, salt: 0n, source: 'return r0' }],
  transactions: [transaction],
};

test('ids are the same on every machine and in every version', () => {
  expect(transactionId(transaction)).toMatchInlineSnapshot(
    `"9eedde017c0d3fa9000bb7231770d1b9bb4ec35e802cedeed2b40b99a9cb47d8"`,
  );
  expect(blockId(block)).toMatchInlineSnapshot(`"8a847bb3e4b1c1d737aed2644f135f23aa452846dfa35cf68c265b3ee5b9df67"`);
});

test.each<[string, Transaction]>([
  ['sender', { ...transaction, sender: 2n }],
  ['nullifier', { ...transaction, nullifier: 3n }],
  ['order of calls', { ...transaction, calls: transaction.calls.toReversed() }],
  ['one call less', { ...transaction, calls: transaction.calls.slice(1) }],
  [
    'calldata',
    { ...transaction, calls: [{ contract: 3n, calldata: [0n, 4n], gasLimit: 5 }, ...transaction.calls.slice(1)] },
  ],
  [
    'gas limit',
    { ...transaction, calls: [{ contract: 3n, calldata: [4n], gasLimit: 6 }, ...transaction.calls.slice(1)] },
  ],
  [
    'contract',
    { ...transaction, calls: [{ contract: 4n, calldata: [4n], gasLimit: 5 }, ...transaction.calls.slice(1)] },
  ],
  ['client proof', { ...transaction, clientProof: { proof: new Uint8Array([1, 3]), srs: 'none' } }],
  ['client proof SRS', { ...transaction, clientProof: { ...transaction.clientProof, srs: 'canonical' } }],
])('another %s is another transaction and another block', (_, other) => {
  expect(transactionId(other)).not.toBe(transactionId(transaction));
  expect(blockId({ ...block, transactions: [other] })).not.toBe(blockId(block));
});

test('what proves the same has the same id', () => {
  const padded = {
    ...transaction,
    calls: [{ contract: 3n, calldata: [4n, 0n], gasLimit: 5 }, ...transaction.calls.slice(1)],
  };
  expect(transactionId(padded)).toBe(transactionId(transaction));
  expect(blockId({ ...block, contracts: [] })).toBe(blockId(block));
  const { storage, nullifiers } = block.start;
  const start = {
    storage: [...storage.toReversed(), { contract: 7n, slot: 7n, value: 0n }],
    nullifiers: nullifiers.toReversed(),
  };
  expect(startStateId(start)).toBe(startStateId(block.start));
  expect(blockId({ ...block, start })).toBe(blockId(block));
});

test('a nullifier more or a value changed is another state', () => {
  const { storage, nullifiers } = block.start;
  expect(startStateId({ storage, nullifiers: [...nullifiers, 6n] })).not.toBe(startStateId(block.start));
  expect(startStateId({ storage: storage.slice(1), nullifiers })).not.toBe(startStateId(block.start));
});
