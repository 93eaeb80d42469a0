import { expect, test } from 'vitest';
import { type ClientInputs, createHasher, nullifierOf, senderOf } from '../../circuits/index.js';
import type { EspalierError } from '../../common/index.js';
import { serializeBlock } from '../../proto/index.js';
import { parseBlock } from '../block/index.js';
import { executeBlock } from '../execute/index.js';
import { makeSampleBlock, type SampleBlockOptions } from './sample-block.js';

const hasher = await createHasher();
const proveClient: SampleBlockOptions['proveClient'] = async () => ({ proof: new Uint8Array([1]), srs: 'none' });
const sample = (options: Partial<SampleBlockOptions>) =>
  makeSampleBlock(hasher, { txs: 4, calls: [3, 0], seed: 7, proveClient, ...options });

test('the same seed makes the same block, another seed another', async () => {
  expect(await sample({})).toEqual(await sample({}));
  expect(await sample({ seed: 8 })).not.toEqual(await sample({}));
});

test('is a block that reads back, with as many calls as were asked for', async () => {
  const block = await sample({ txs: 5, calls: [2, 0, 1] });
  expect(parseBlock(JSON.parse(serializeBlock(block)), hasher)).toEqual(block);
  expect(block.transactions.map(({ calls }) => calls.length)).toEqual([2, 0, 1, 2, 0]);
});

test('accounts own what they send, and use a nonce once', async () => {
  const asked: ClientInputs[] = [];
  const block = await sample({
    txs: 70,
    calls: 0,
    proveClient: async (inputs, index) => {
      expect(index).toBe(asked.length);
      asked.push(inputs);
      return { proof: new Uint8Array([index]), srs: 'none' };
    },
  });
  for (const [index, { public: exposed, secret, nonce }] of asked.entries()) {
    expect(exposed.sender).toBe(senderOf(hasher, secret));
    expect(exposed.nullifier).toBe(nullifierOf(hasher, secret, nonce));
    expect(block.transactions[index]).toMatchObject({ sender: exposed.sender, nullifier: exposed.nullifier });
  }
  expect(new Set(block.transactions.map(({ nullifier }) => nullifier)).size).toBe(70);
  expect(new Set(block.transactions.map(({ sender }) => sender)).size).toBe(64);
});

test('transfers succeed, overdrafts and the reverter revert, and all contracts are called', async () => {
  const block = await sample({ txs: 4, calls: 6 });
  const { transactions } = await executeBlock(block, hasher, { keysHash: 0n });
  for (const { calls } of transactions) {
    expect(calls.map(({ vm }) => vm.reverted)).toEqual([false, false, true, false, false, true]);
    expect(new Set(calls.map(({ vm }) => vm.contract)).size).toBe(4);
  }
  const steps = transactions.flatMap(({ calls }) => calls.map((call) => call.steps));
  expect(Math.max(...steps)).toBeGreaterThan(40);
});

test.each<[Partial<SampleBlockOptions>, string]>([
  [{ txs: 0 }, 'txs: 0 is out of range; use an integer from 1 to 65536'],
  [{ txs: 1.5 }, 'txs: 1.5 is out of range'],
  [{ calls: -1 }, 'calls: -1 is out of range; use an integer from 0 to 1024'],
  [{ calls: [] }, 'calls is empty'],
  [{ txs: 60_000, calls: 5 }, 'calls of all transactions: 300000 is out of range'],
  [{ seed: Number.NaN }, 'seed: NaN is out of range'],
])('refuses %j', async (options, line) => {
  const error = await sample(options).then(
    () => expect.fail('was not refused'),
    (thrown: EspalierError) => thrown,
  );
  expect(error.code).toBe('usage');
  expect(error.toLine()).toContain(line);
});

test('stops when it is aborted', async () => {
  const controller = new AbortController();
  const onProgress = (done: number) => done === 2 && controller.abort();
  await expect(sample({ signal: controller.signal, onProgress })).rejects.toMatchObject({ code: 'cancelled' });
});
