import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BLOB_BYTES_MAX, type BlobStore } from '../../store/index.js';

/** Makes a new, empty store. */
export type MakeBlobStore = () => Promise<BlobStore>;

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

/** What `list` yields. */
export async function keysOf(store: BlobStore, prefix: string): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const key of store.list(prefix)) keys.push(key);
  return keys;
}

/** The whole contract of `BlobStore`, for any adapter. */
export function describeBlobStore(name: string, makeStore: MakeBlobStore): void {
  describe(name, () => {
    describe('blobs', () => describeBlobs(makeStore));
    describe('list', () => describeList(makeStore));
    describe('refuses', () => describeRefusals(makeStore));
    test('does what a map does, whatever the sequence', () => checkAgainstMap(makeStore));
  });
}

function describeBlobs(makeStore: MakeBlobStore): void {
  test('come back as they went in', async () => {
    const store = await makeStore();
    const all = Uint8Array.from({ length: 256 }, (_, index) => index);
    await store.put('proofs/a', all);
    expect(await store.get('proofs/a')).toEqual(all);
    expect(await store.has('proofs/a')).toBe(true);
  });

  test('may be empty, or large', async () => {
    const store = await makeStore();
    const large = new Uint8Array(3_000_000).fill(7);
    await store.put('empty', bytes());
    await store.put('large', large);
    expect(await store.get('empty')).toEqual(bytes());
    expect(Buffer.compare((await store.get('large')) ?? bytes(), large)).toBe(0);
  });

  test('are overwritten', async () => {
    const store = await makeStore();
    await store.put('a', bytes(1, 2, 3));
    await store.put('a', bytes(4));
    expect(await store.get('a')).toEqual(bytes(4));
    expect(await keysOf(store, '')).toEqual(['a']);
  });

  test('that are not there are undefined, and fine to delete', async () => {
    const store = await makeStore();
    await store.put('a/b', bytes(1));
    for (const key of ['b', 'a', 'a/c', 'a/b/c', 'x/y/z']) {
      expect(await store.get(key)).toBeUndefined();
      expect(await store.has(key)).toBe(false);
      await store.delete(key);
    }
    expect(await store.get('a/b')).toEqual(bytes(1));
  });

  test('are gone when deleted, and may be put again', async () => {
    const store = await makeStore();
    await store.put('a', bytes(1));
    await store.delete('a');
    expect(await store.get('a')).toBeUndefined();
    expect(await store.has('a')).toBe(false);
    expect(await keysOf(store, '')).toEqual([]);
    await store.put('a', bytes(2));
    expect(await store.get('a')).toEqual(bytes(2));
  });

  test.each([
    ['bytes', bytes(1, 2)],
    ['buffer, which holds more than that', Buffer.from([0, 1, 2, 3]).subarray(1, 3)],
  ])('are not changed by what the caller does with its %s', async (_what, given) => {
    const store = await makeStore();
    await store.put('a', given);
    given[0] = 9;
    const got = await store.get('a');
    expect(got).toEqual(bytes(1, 2));
    got?.fill(9);
    expect(await store.get('a')).toEqual(bytes(1, 2));
  });

  test('are whole for a reader while they are overwritten', async () => {
    const store = await makeStore();
    const blobOf = (value: number) => new Uint8Array(100_000 + value).fill(value);
    await store.put('a', blobOf(0));
    let isWriting = true;
    const writing = (async () => {
      for (let round = 0; round < 5; round++) {
        await Promise.all([1, 2, 3, 4].map((value) => store.put('a', blobOf(round * 4 + value))));
      }
      isWriting = false;
    })();
    while (isWriting) {
      const got = (await store.get('a')) ?? bytes();
      expect(Buffer.compare(got, blobOf(got[0] ?? 255))).toBe(0);
    }
    await writing;
  });
}

function describeList(makeStore: MakeBlobStore): void {
  test('gives the keys under a prefix of whole segments, sorted', async () => {
    const store = await makeStore();
    const keys = ['p/a.1', 'p/a', 'p/a-b/c', 'p/a_b', 'p/B', 'p/10', 'p/9', 'pp/a', 'p.q/a', 'q'];
    for (const key of keys) await store.put(key, bytes(1));
    expect(await keysOf(store, 'p/')).toEqual(['p/10', 'p/9', 'p/B', 'p/a', 'p/a-b/c', 'p/a.1', 'p/a_b']);
    expect(await keysOf(store, 'p/a-b/')).toEqual(['p/a-b/c']);
    expect(await keysOf(store, '')).toEqual([...keys].sort());
  });

  test('is sorted by the whole key, slashes included', async () => {
    const store = await makeStore();
    const keys = ['a/z', 'a-b/y', 'a.b/x', 'a0/w', 'a.c', 'a-c'];
    for (const key of keys) await store.put(key, bytes(1));
    expect(await keysOf(store, '')).toEqual([...keys].sort());
  });

  test('is empty where nothing is', async () => {
    const store = await makeStore();
    expect(await keysOf(store, '')).toEqual([]);
    expect(await keysOf(store, 'proofs/')).toEqual([]);
  });
}

function describeRefusals(makeStore: MakeBlobStore): void {
  const badKeys = ['', '/', 'a/', '/a', 'a//b', '.', '..', 'a/../b', './a', 'a b', 'a~b', 'ä', 'a\0', 'a\n', 'a\\b'];

  test.each([...badKeys, 'k'.repeat(201)])('the key %j, in every call', async (key) => {
    const store = await makeStore();
    const calls = [store.put(key, bytes(1)), store.get(key), store.has(key), store.delete(key)];
    for (const call of await Promise.allSettled(calls)) {
      expect(call).toMatchObject({ status: 'rejected', reason: { code: 'internal' } });
    }
  });

  test.each(['proofs', '/', '../', 'a/../', 'a//', 'a b/'])('the prefix %j', async (prefix) => {
    const store = await makeStore();
    await expect(keysOf(store, prefix)).rejects.toMatchObject({ code: 'internal' });
  });

  test('a blob that is too large, and takes one that just fits', async () => {
    const store = await makeStore();
    const large = new Uint8Array(BLOB_BYTES_MAX + 1);
    await expect(store.put('a', large)).rejects.toMatchObject({ code: 'internal' });
    expect(await store.has('a')).toBe(false);
    await store.put('a', large.subarray(1));
    expect((await store.get('a'))?.length).toBe(BLOB_BYTES_MAX);
  });

  test('no key of 200 characters', async () => {
    const store = await makeStore();
    const key = `proofs/${'k'.repeat(193)}`;
    await store.put(key, bytes(1));
    expect(await keysOf(store, 'proofs/')).toEqual([key]);
  });
}

async function checkAgainstMap(makeStore: MakeBlobStore): Promise<void> {
  const key = fc.constantFrom('a', 'b', 'p/a', 'p/b', 'p/q/c', 'p-q/a', 'x.y/z');
  const step = fc.oneof(
    fc.record({ kind: fc.constant('put' as const), key, value: fc.uint8Array({ maxLength: 64 }) }),
    fc.record({ kind: fc.constant('delete' as const), key }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 20, size: 'max' }), async (steps) => {
      const store = await makeStore();
      const model = new Map<string, Uint8Array>();
      for (const step of steps) {
        if (step.kind === 'put') {
          await store.put(step.key, step.value);
          model.set(step.key, step.value);
        } else {
          await store.delete(step.key);
          model.delete(step.key);
        }
        expect(await store.get(step.key)).toEqual(model.get(step.key));
      }
      expect(await keysOf(store, '')).toEqual([...model.keys()].sort());
      for (const [key, value] of model) expect(await store.get(key)).toEqual(value);
    }),
    { numRuns: 25 },
  );
}
