import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type Block, type BlockResult, blockId, collectBlock, outlineOf, type ProofSummary } from '../proto/index.js';
import { keysOf } from '../tests/conformance/blob-store.js';
import { blockPieces } from '../tests/support/block-pieces.js';
import { BlockStore } from './block-store.js';
import { encodeFrame } from './frame.js';
import { MemoryBlobStore } from './memory-blob-store.js';
import { StoredBlock } from './stored-block.js';

const id = 'b'.repeat(64);
const PIECE_BYTES = 256 * 1024;

const result: BlockResult = {
  blockId: id,
  state: 'failed',
  transactions: 2,
  calls: 3,
  jobs: 9,
  submittedAtMs: 1_700_000_000_000,
  endedAtMs: 1_700_000_060_000.5,
  rootId: null,
  error: { code: 'witness-unsatisfied', message: 'it does not hold', subject: 'vm-circuit.0.0.aa' },
  failedJob: 'vm-circuit.0.0.aa',
  lineageSeed: 'c'.repeat(64),
  token: 7,
};

function creditOf(index: number): ProofSummary {
  return {
    jobId: `merge-rollup.1.${index}.00112233445566778899aabbccddeeff`,
    circuit: 'merge-rollup',
    keyHash: `0x${'3'.repeat(64)}`,
    prover: { kind: 'simulated', version: '1', srs: 'none' },
    workerId: 'w1',
    startedAtMs: 1_700_000_000_000,
    finishedAtMs: 1_700_000_012_500.5,
    threads: 2,
    usage: { wallMs: 12_500.5, cpuMs: null, peakMemoryBytes: 900_000_000 },
    timings: { queuedMs: 1, witnessMs: 2, proveMs: 12_000, verifyMs: 20, storeMs: 3 },
    attempts: 1,
    signature: null,
  };
}

function newStore() {
  const blobs = new MemoryBlobStore();
  return { blobs, store: new BlockStore(blobs) };
}

/** A block of so many transactions, with proofs of so many bytes. */
function blockOf(transactions: number, proofBytes = 100): Block {
  return {
    version: 1,
    start: { storage: [{ contract: 1n, slot: 2n, value: 3n }], nullifiers: [4n] },
    contracts: [{ name: 'a', address: 1n, salt: 0n, source: '; \u{1F332}ä€' }],
    transactions: Array.from({ length: transactions }, (_, index) => ({
      sender: 1n,
      nullifier: BigInt(index),
      calls: index % 2 === 0 ? [] : [{ contract: 1n, calldata: [5n], gasLimit: 6 }],
      clientProof: { proof: new Uint8Array(randomBytes(proofBytes)), srs: 'none' },
    })),
  };
}

async function open(store: BlockStore, block: Block): Promise<StoredBlock> {
  return (await StoredBlock.open(store, blockId(block))) ?? expect.fail('the block is not there');
}

async function idsOf<T>(list: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const each of list) all.push(each);
  return all;
}

const corrupt = (message: RegExp) => ({ code: 'store-corrupt', message: expect.stringMatching(message) });

describe('blocks', () => {
  test('come back as they went in, in pieces that are bounded, each read by itself', async () => {
    const { blobs, store } = newStore();
    const block = blockOf(120, 32_768);
    await store.putBlock(blockPieces(block, PIECE_BYTES));
    const stored = await open(store, block);
    expect(await collectBlock(stored.parts())).toEqual(block);
    const keys = await keysOf(blobs, '');
    expect(keys.length).toBeGreaterThan((120 * 32_768) / PIECE_BYTES);
    expect(keys.every((key) => key.startsWith(`blocks/${blockId(block)}/`))).toBe(true);
    for (const key of keys) expect((await blobs.get(key))?.length).toBeLessThan(PIECE_BYTES * 1.1);
  });

  test('give their outlines without their content', async () => {
    const { blobs, store } = newStore();
    const block = blockOf(40);
    await store.putBlock(blockPieces(block, 500));
    for (const key of await keysOf(blobs, '')) if (!key.endsWith('/index')) await blobs.delete(key);
    expect(await store.getOutline(blockId(block))).toMatchObject(outlineOf(block));
  });

  test('give any transaction, reading its piece once however many ask', async () => {
    const { blobs, store } = newStore();
    const block = blockOf(60);
    await store.putBlock(blockPieces(block, 2_000));
    let reads = 0;
    const counting = new (class extends MemoryBlobStore {
      override async get(key: string): Promise<Uint8Array | undefined> {
        reads += 1;
        return blobs.get(key);
      }
    })();
    const stored = await open(new BlockStore(counting), block);
    reads = 0;
    const wanted = [59, 0, 31, 31, 1, 58, 0, 59];
    const read = await Promise.all(wanted.map((index) => stored.transaction(index)));
    expect(read).toEqual(wanted.map((index) => block.transactions[index]));
    expect(reads).toBe(3);
    await expect(stored.transaction(60)).rejects.toThrow('has no transaction 60');
  });

  test('that are not there are undefined', async () => {
    const { store } = newStore();
    expect(await store.getOutline(id)).toBeUndefined();
    expect(await StoredBlock.open(store, id)).toBeUndefined();
    expect(await store.hasBlock(id)).toBe(false);
    await store.deleteBlock(id);
  });

  test('are listed, and leave nothing when they are deleted', async () => {
    const { blobs, store } = newStore();
    const blocks = [1, 2, 3].map((count) => blockOf(count));
    for (const block of blocks) await store.putBlock(blockPieces(block, 200));
    expect(await idsOf(store.listBlocks())).toEqual(blocks.map(blockId).sort());
    for (const block of blocks) {
      expect(await store.hasBlock(blockId(block))).toBe(true);
      await store.deleteBlock(blockId(block));
    }
    expect(await keysOf(blobs, '')).toEqual([]);
  });

  test('may be written again, also at the same time, to no effect', async () => {
    const { blobs, store } = newStore();
    const block = blockOf(9);
    await Promise.all([store.putBlock(blockPieces(block, 200)), store.putBlock(blockPieces(block, 200))]);
    const keys = await keysOf(blobs, '');
    await store.putBlock(blockPieces(block, 200));
    expect(await keysOf(blobs, '')).toEqual(keys);
    expect(await collectBlock((await open(store, block)).parts())).toEqual(block);
  });

  test('half written are not there, harm not what was there before, and go with it', async () => {
    const { blobs, store } = newStore();
    const block = blockOf(10);
    const large = blockPieces(block, 1);
    let left = 0;
    const failing = new (class extends MemoryBlobStore {
      override async put(key: string, bytes: Uint8Array): Promise<void> {
        if (left-- === 0) throw new Error('the power is gone');
        await blobs.put(key, bytes);
      }
    })();
    for (const puts of [0, 1, 5, 10]) {
      left = puts;
      await expect(new BlockStore(failing).putBlock(large)).rejects.toThrow('the power is gone');
      expect(await store.hasBlock(blockId(block))).toBe(false);
      expect(await StoredBlock.open(store, blockId(block))).toBeUndefined();
      expect(await idsOf(store.listBlocks())).toEqual([]);
    }
    await store.putBlock(blockPieces(block));
    left = 5;
    await expect(new BlockStore(failing).putBlock(large)).rejects.toThrow('the power is gone');
    expect(await collectBlock((await open(store, block)).parts())).toEqual(block);
    await store.deleteBlock(blockId(block));
    expect(await keysOf(blobs, '')).toEqual([]);
  });

  test('that are deleted while they are read are told of', async () => {
    const { store } = newStore();
    const block = blockOf(4);
    await store.putBlock(blockPieces(block, 1));
    const stored = await open(store, block);
    const parts = stored.parts();
    await parts.next();
    await store.deleteBlock(blockId(block));
    const gone = corrupt(/is not in the store any more/);
    await expect(collectBlock(parts)).rejects.toMatchObject(gone);
    await expect(stored.transaction(3)).rejects.toMatchObject(gone);
  });

  test('of an earlier version have to be submitted again', async () => {
    const { blobs, store } = newStore();
    const header = { id, digest: 'a'.repeat(64), parts: 1, bytes: 1, value: null };
    await blobs.put(`blocks/${id}/index`, encodeFrame({ header, body: new Uint8Array() }));
    await expect(store.getOutline(id)).rejects.toMatchObject({
      ...corrupt(/it was stored by an earlier version of espalier/),
      remedy: 'submit it again',
    });
  });

  test('are refused on the way in when they would be on the way out', async () => {
    const { blobs, store } = newStore();
    const pieces = blockPieces(blockOf(3));
    for (const bad of [
      { ...pieces, starts: [1] },
      { ...pieces, outline: { ...pieces.outline, callCounts: [0] } },
      { ...pieces, outline: { ...pieces.outline, callCounts: [0, 0, 1_025] } },
    ]) {
      await expect(store.putBlock(bad)).rejects.toMatchObject({ code: 'internal' });
    }
    expect(await keysOf(blobs, '')).toEqual([]);
  });
});

describe('a stored block that is damaged is refused, naming it', () => {
  async function withBlock() {
    const { blobs, store } = newStore();
    const block = blockOf(8);
    await store.putBlock(blockPieces(block, 1));
    const keys = await keysOf(blobs, '');
    const index = keys.at(-1) ?? '';
    const get = async (key: string) => (await blobs.get(key)) ?? new Uint8Array();
    const read = async () => collectBlock((await open(store, block)).parts());
    const refused = corrupt(new RegExp(`the stored block ${blockId(block)} cannot be used: `));
    return { blobs, store, block, keys, index, get, read, refused };
  }

  test('by a flipped bit, in the index or in a piece', async () => {
    const { blobs, store, block, keys, get, read, refused } = await withBlock();
    for (const key of keys) {
      const whole = await get(key);
      const damaged = whole.slice();
      damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 1;
      await blobs.put(key, damaged);
      await expect(read()).rejects.toMatchObject(refused);
      expect(await store.hasBlock(blockId(block))).toBe(true);
      await blobs.put(key, whole);
    }
    expect(await read()).toEqual(block);
  });

  test('by a piece that is missing, or another one', async () => {
    const { blobs, store, block, keys, get, read, refused } = await withBlock();
    const [second = '', third = ''] = keys.slice(-3);
    const whole = await get(third);
    await blobs.put(third, await get(second));
    await expect(read()).rejects.toMatchObject(refused);
    await blobs.delete(third);
    await expect(read()).rejects.toMatchObject(corrupt(/part \d+ is missing/));
    await expect((await open(store, block)).transaction(7)).rejects.toMatchObject(refused);
    await blobs.put(third, whole);
    expect(await read()).toEqual(block);
  });

  test('by a transaction of another block in its place', async () => {
    const { store, block, refused } = await withBlock();
    const [first, ...others] = blockPieces(block, 1).outline.transactionIds;
    const other = blockPieces({ ...block, transactions: block.transactions.toReversed() }, 1);
    await store.putBlock({ ...other, outline: { ...other.outline, transactionIds: [first ?? '', ...others] } });
    await expect((await open(store, block)).transaction(0)).rejects.toMatchObject(refused);
  });

  test('by an index of another block, or one that nobody could have written', async () => {
    const { blobs, store, block, index, get, refused } = await withBlock();
    await blobs.put('blocks/other/index', await get(index));
    await expect(store.getOutline('other')).rejects.toMatchObject(corrupt(/block other cannot be used/));
    const own = blockId(block);
    for (const header of [null, {}, { id: own, digest: 'a'.repeat(64), parts: 1e9, bytes: 1, value: null }]) {
      await blobs.put(index, encodeFrame({ header, body: new Uint8Array() }));
      await expect(store.getOutline(own)).rejects.toMatchObject(refused);
    }
  });
});

describe('results', () => {
  test('come back with all their credits', async () => {
    const { store } = newStore();
    const credits = Array.from({ length: 4_001 }, (_, index) => creditOf(index));
    await store.putResult(result, credits);
    expect(await store.getResult(id)).toEqual(result);
    expect(await store.getCredits(id)).toEqual(credits);
    await store.putResult({ ...result, state: 'proven', error: null, rootId: 'r' }, []);
    expect(await store.getResult(id)).toMatchObject({ state: 'proven', rootId: 'r' });
    expect(await store.getCredits(id)).toEqual([]);
  });

  test('that are not there are undefined, and have no credits', async () => {
    const { store } = newStore();
    expect(await store.getResult(id)).toBeUndefined();
    expect(await store.getCredits(id)).toEqual([]);
    await store.deleteResult(id);
  });

  test('are listed, and leave nothing when they are deleted', async () => {
    const { blobs, store } = newStore();
    for (const blockId of ['b', 'a', 'c']) await store.putResult({ ...result, blockId }, [creditOf(0)]);
    await store.putResult({ ...result, blockId: 'a' }, []);
    await blobs.put('results/b/index', Uint8Array.of(1));
    const ids = (await idsOf(store.listResults())).map(({ blockId }) => blockId);
    expect(ids).toEqual(['a', 'c']);
    await expect(store.getResult('b')).rejects.toMatchObject(corrupt(/the stored result of block b cannot be used/));
    for (const blockId of ['b', 'a', 'c']) await store.deleteResult(blockId);
    expect(await keysOf(blobs, '')).toEqual([]);
  });

  test('are refused on the way in when they would be on the way out', async () => {
    const { store } = newStore();
    const bad = { ...result, endedAtMs: Number.NaN };
    await expect(store.putResult(bad, [])).rejects.toMatchObject({ code: 'internal' });
    await expect(store.putResult(result, [{ ...creditOf(0), attempts: 0 }])).rejects.toMatchObject({
      code: 'internal',
    });
  });
});
