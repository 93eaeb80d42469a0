import { readdir } from 'node:fs/promises';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { createHasher } from '../../circuits/index.js';
import {
  type Block,
  type BlockPart,
  blockId,
  collectBlock,
  familyOf,
  PartBatcher,
  partsOf,
  type Transaction,
} from '../../proto/index.js';
import { BlockStore, MemoryBlobStore, StoredBlock } from '../../store/index.js';
import { tempFolder } from '../../tests/support/temp-folder.js';
import { makeSampleBlock } from '../sample/index.js';
import { BlockIntake, type BlockIntakeOptions } from './block-intake.js';

const hasher = await createHasher();
const block: Block = await makeSampleBlock(hasher, {
  txs: 9,
  calls: [2, 0, 1],
  seed: 5,
  proveClient: async (_, index) => ({ proof: new Uint8Array(1_000).fill(index), srs: 'none' }),
});

async function openIntake(options: Partial<BlockIntakeOptions> = {}): Promise<BlockIntake> {
  const intake = await BlockIntake.open({ hasher, ...options });
  onTestFinished(() => intake.close());
  return intake;
}

function batched(bytesMax: number, whole = block): BlockPart[] {
  const batcher = new PartBatcher(bytesMax);
  return [...partsOf(whole)].flatMap((part) => [...batcher.add(part)]).concat(...batcher.end());
}

async function refusalOf(parts: Iterable<BlockPart>, options: Partial<BlockIntakeOptions> = {}): Promise<string> {
  const intake = await openIntake(options);
  try {
    for (const part of parts) await intake.add(part);
    await intake.finish();
  } catch (thrown) {
    const error = thrown as { readonly code: string; toLine(): string };
    return `[${error.code}] ${error.toLine()}`;
  }
  return 'taken';
}

test('in whatever parts a block comes, what is stored is the block', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 6_000 }), async (bytesMax) => {
      const blocks = new BlockStore(new MemoryBlobStore());
      const intake = await BlockIntake.open({ hasher });
      for (const part of batched(bytesMax)) await intake.add(part);
      expect(await intake.finish()).toEqual({
        blockId: blockId(block),
        family: familyOf(block),
        transactions: 9,
        calls: 9,
        srs: 'none',
      });
      await intake.store(blocks);
      await intake.store(blocks);
      await intake.close();
      await intake.close();
      const stored = await StoredBlock.open(blocks, blockId(block));
      expect(await collectBlock(stored?.parts() ?? [])).toEqual(block);
    }),
    { numRuns: 20 },
  );
});

test('nothing of a block is in its folder, nor in the store before it is stored', async () => {
  const folder = await tempFolder();
  const intake = await openIntake({ folder });
  for (const part of batched(500)) await intake.add(part);
  expect(await readdir(folder)).toEqual([]);
  await expect(intake.store(new BlockStore(new MemoryBlobStore()))).rejects.toMatchObject({ code: 'internal' });
});

const [first, second] = block.transactions as [Transaction, Transaction];
const [contract] = block.contracts;

test.each<[string, () => Iterable<BlockPart>, string]>([
  [
    'a nullifier spent twice, in different parts',
    () => [...batched(1), { kind: 'transactions', transactions: [second] }],
    '[duplicate-nullifier] tx 1 and tx 9 spend one nullifier, 0x',
  ],
  [
    'a nullifier that the state has spent',
    () => batched(1, { ...block, start: { ...block.start, nullifiers: [7n, first.nullifier] } }),
    '[duplicate-nullifier] tx 0: nullifier 0x',
  ],
  [
    'a slot set twice, in different parts',
    () =>
      batched(1, { ...block, start: { ...block.start, storage: [...block.start.storage, ...block.start.storage] } }),
    '[block-invalid] start, storage 9: storage 0 sets slot 0x',
  ],
  [
    'a contract that is there twice',
    () => batched(1, { ...block, contracts: [...block.contracts, ...block.contracts] }),
    '[block-invalid] contract 4 (token): contract 0 has that name too',
  ],
  [
    'an address that is not of its program',
    () => batched(1, { ...block, contracts: [{ ...contract, salt: 1n } as NonNullable<typeof contract>] }),
    '[block-invalid] contract 0 (token): address 0x',
  ],
  [
    'a call of an unknown contract',
    () => batched(1, { ...block, contracts: [] }),
    '[block-invalid] tx 0, call 0: unknown contract 0x',
  ],
  ['a block cut short', () => batched(1).slice(0, 3), '[block-invalid] the block has no transaction'],
  ['parts out of order', () => batched(1).toReversed(), '[block-invalid] the first part is transactions'],
  ['a call without gas', () => batched(1, withGas(0)), '[block-invalid] tx 1, call 0, gasLimit: 0 is not allowed'],
])('refuses %s', async (_, parts, expected) => {
  expect(await refusalOf(parts())).toContain(expected);
});

function withGas(gasLimit: number): Block {
  const calls = first.calls.map((call) => ({ ...call, gasLimit }));
  return { ...block, transactions: [second, { ...first, calls }] };
}

test('refuses a block of too many bytes, and takes nothing more after a refusal', async () => {
  expect(await refusalOf(batched(1), { bytesMax: 5_000 })).toContain(
    '[block-invalid] the block has more than 5000 bytes',
  );
  const intake = await openIntake();
  await expect(intake.add({ kind: 'transactions', transactions: [first] })).rejects.toMatchObject({
    code: 'block-invalid',
  });
  await expect(intake.add({ kind: 'header', version: 1 })).rejects.toMatchObject({ code: 'internal' });
  await expect(intake.finish()).rejects.toMatchObject({ code: 'internal' });
});

test('says where it cannot spool', async () => {
  const opening = BlockIntake.open({ hasher, folder: `${await tempFolder()}/none` });
  await expect(opening).rejects.toMatchObject({ code: 'store-unavailable' });
});
