import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { BlockResult, ProofSummary } from '../proto/index.js';
import { keysOf } from '../tests/conformance/blob-store.js';
import { BlockStore } from './block-store.js';
import { encodeFrame } from './frame.js';
import { MemoryBlobStore } from './memory-blob-store.js';

const id = 'b'.repeat(64);
const PIECE_CHARS = 2 * 1024 * 1024;

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

async function idsOf<T>(list: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const each of list) all.push(each);
  return all;
}

const corrupt = (message: RegExp) => ({ code: 'store-corrupt', message: expect.stringMatching(message) });

describe('blocks', () => {
  test('come back as they went in, in parts that are bounded', async () => {
    const { blobs, store } = newStore();
    const text = JSON.stringify(Array.from({ length: 640 }, () => randomBytes(32_768).toString('hex')));
    expect(text.length).toBeGreaterThan(40_000_000);
    await store.putBlock(id, text);
    expect((await store.getBlock(id)) === text).toBe(true);
    const keys = await keysOf(blobs, '');
    expect(keys).toHaveLength(1 + Math.ceil(text.length / PIECE_CHARS));
    expect(keys.every((key) => key.startsWith(`blocks/${id}/`))).toBe(true);
    // Hexadecimal text holds half of what it takes.
    for (const key of keys) expect((await blobs.get(key))?.length).toBeLessThan(PIECE_CHARS * 0.65);
  });

  test.each([
    ['empty', ''],
    ['of one character', '{'],
    ['cut between characters of several bytes', `${'a'.repeat(PIECE_CHARS - 1)}\u{1F332}${'ä€'.repeat(PIECE_CHARS)}`],
  ])('%s come back too', async (_what, text) => {
    const { store } = newStore();
    await store.putBlock(id, text);
    expect((await store.getBlock(id)) === text).toBe(true);
  });

  test('that are not there are undefined', async () => {
    const { store } = newStore();
    expect(await store.getBlock(id)).toBeUndefined();
    expect(await store.hasBlock(id)).toBe(false);
    await store.deleteBlock(id);
  });

  test('are listed, and leave nothing when they are deleted', async () => {
    const { blobs, store } = newStore();
    for (const blockId of ['b', 'a', 'c']) await store.putBlock(blockId, 'x'.repeat(PIECE_CHARS + 1));
    expect(await idsOf(store.listBlocks())).toEqual(['a', 'b', 'c']);
    expect(await store.hasBlock('a')).toBe(true);
    for (const blockId of ['b', 'a', 'c']) await store.deleteBlock(blockId);
    expect(await keysOf(blobs, '')).toEqual([]);
  });

  test('may be written again, also at the same time, to no effect', async () => {
    const { blobs, store } = newStore();
    await Promise.all([store.putBlock(id, 'same'), store.putBlock(id, 'same')]);
    const keys = await keysOf(blobs, '');
    await store.putBlock(id, 'same');
    expect(await keysOf(blobs, '')).toEqual(keys);
    expect(keys).toHaveLength(2);
    expect(await store.getBlock(id)).toBe('same');
  });

  test('half written are not there, harm not what was there before, and go with it', async () => {
    const { blobs, store } = newStore();
    const large = 'x'.repeat(10 * PIECE_CHARS);
    let left = 0;
    const failing = new (class extends MemoryBlobStore {
      override async put(key: string, bytes: Uint8Array): Promise<void> {
        if (left-- === 0) throw new Error('the power is gone');
        await blobs.put(key, bytes);
      }
    })();
    for (const puts of [0, 1, 5, 10]) {
      left = puts;
      await expect(new BlockStore(failing).putBlock(id, large)).rejects.toThrow('the power is gone');
      expect(await store.hasBlock(id)).toBe(false);
      expect(await store.getBlock(id)).toBeUndefined();
      expect(await idsOf(store.listBlocks())).toEqual([]);
    }
    await store.putBlock(id, 'other');
    left = 5;
    await expect(new BlockStore(failing).putBlock(id, large)).rejects.toThrow('the power is gone');
    expect(await store.getBlock(id)).toBe('other');
    await store.deleteBlock(id);
    expect(await keysOf(blobs, '')).toEqual([]);
  });

  test('that are deleted while they are read are not there', async () => {
    const { blobs, store } = newStore();
    await store.putBlock(id, 'text');
    const vanishing = new (class extends MemoryBlobStore {
      override async get(key: string): Promise<Uint8Array | undefined> {
        if (!key.endsWith('/index')) await store.deleteBlock(id);
        return blobs.get(key);
      }
      override async has(key: string): Promise<boolean> {
        return blobs.has(key);
      }
    })();
    expect(await new BlockStore(vanishing).getBlock(id)).toBeUndefined();
  });
});

describe('a stored block that is damaged is refused, naming it', () => {
  async function withBlock() {
    const { blobs, store } = newStore();
    await store.putBlock(id, 'x'.repeat(PIECE_CHARS + 1));
    const [first = '', second = '', index = ''] = await keysOf(blobs, '');
    const get = async (key: string) => (await blobs.get(key)) ?? new Uint8Array();
    return { blobs, store, first, second, index, get };
  }
  const refused = corrupt(new RegExp(`the stored block ${id} cannot be used: `));

  test('by a flipped bit, in the index or in a part', async () => {
    const { blobs, store, first, second, index, get } = await withBlock();
    for (const key of [index, first, second]) {
      const whole = await get(key);
      const damaged = whole.slice();
      damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 1;
      await blobs.put(key, damaged);
      await expect(store.getBlock(id)).rejects.toMatchObject(refused);
      expect(await store.hasBlock(id)).toBe(true);
      await blobs.put(key, whole);
    }
    expect(await store.getBlock(id)).toHaveLength(PIECE_CHARS + 1);
  });

  test('by a part that is missing, or another one', async () => {
    const { blobs, store, first, second, get } = await withBlock();
    const whole = await get(second);
    await blobs.put(second, await get(first));
    await expect(store.getBlock(id)).rejects.toMatchObject(refused);
    await blobs.delete(second);
    await expect(store.getBlock(id)).rejects.toMatchObject(corrupt(/part 1 is missing/));
    await blobs.put(second, whole);
    expect(await store.getBlock(id)).toHaveLength(PIECE_CHARS + 1);
  });

  test('by an index of another block, or one that nobody could have written', async () => {
    const { blobs, store, index, get } = await withBlock();
    await blobs.put('blocks/other/index', await get(index));
    await expect(store.getBlock('other')).rejects.toMatchObject(corrupt(/block other cannot be used/));
    for (const header of [null, {}, { id, digest: 'a'.repeat(64), parts: 1e9, bytes: 1, value: null }]) {
      await blobs.put(index, encodeFrame({ header, body: new Uint8Array() }));
      await expect(store.getBlock(id)).rejects.toMatchObject(refused);
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
