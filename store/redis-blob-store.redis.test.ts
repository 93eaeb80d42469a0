import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { blockId, collectBlock } from '../proto/index.js';
import { describeBlobStore, keysOf } from '../tests/conformance/blob-store.js';
import { blockPieces, paddedBlock } from '../tests/support/block-pieces.js';
import { type RedisServer, startRedis } from '../tests/support/redis-server.js';
import { BLOB_BYTES_MAX } from './blob-store.js';
import { BlockStore } from './block-store.js';
import { openBlobStore } from './open-blob-store.js';
import { RedisBlobStore } from './redis-blob-store.js';
import { StoredBlock } from './stored-block.js';

let redis: RedisServer;
let namespaces = 0;

beforeAll(async () => {
  redis = await startRedis({ appendfsync: 'always' });
});
afterAll(() => redis?.stop());

interface OpenOptions {
  readonly url?: string;
  readonly namespace?: string;
  readonly timeoutMs?: number;
}

async function openStore({ namespace = `test-${++namespaces}`, ...options }: OpenOptions = {}) {
  const store = await RedisBlobStore.open({ url: redis.url, namespace, ...options });
  onTestFinished(() => store.close());
  return store;
}

describeBlobStore('RedisBlobStore', () => openStore());

const blob = Uint8Array.of(1, 2, 3);

describe('RedisBlobStore, beyond the contract', () => {
  test('leaves nothing in Redis when all is deleted, and lets nothing expire before', async () => {
    const client = await redis.client();
    const store = await openStore({ namespace: 'mine' });
    await (await openStore({ namespace: 'other' })).put('a', blob);
    await store.put('proofs/a', blob);
    expect((await client.keys('{mine}*')).sort()).toEqual(['{mine}:blob:proofs/a', '{mine}:blobs']);
    expect(await client.ttl('{mine}:blob:proofs/a')).toBe(-1);
    expect(await keysOf(store, '')).toEqual(['proofs/a']);
    await store.delete('proofs/a');
    expect(await client.keys('{mine}*')).toEqual([]);
  });

  test('lists more than one page holds', async () => {
    const store = await openStore();
    const keys = Array.from({ length: 3_500 }, (_, index) => `proofs/k${index}`);
    await Promise.all([...keys, 'proofs-a', 'proofs.a', 'proofs0/a', 'q'].map((key) => store.put(key, blob)));
    expect(await keysOf(store, 'proofs/')).toEqual(keys.sort());
  });
});

test('a large block goes through the Redis of the queue, and leaves nothing when it is deleted', async () => {
  const { blobs, shown, close } = await openBlobStore('redis:', { namespace: 'fleet', redisUrl: redis.url });
  onTestFinished(close);
  expect(shown).toBe(redis.url);
  const blocks = new BlockStore(blobs);
  const block = paddedBlock(300, 32_768);
  await blocks.putBlock(blockPieces(block));
  const stored = await StoredBlock.open(blocks, blockId(block));
  expect(await collectBlock(stored?.parts() ?? [])).toEqual(block);
  await blocks.deleteBlock(blockId(block));
  expect(await (await redis.client()).keys('{fleet}*')).toEqual([]);
});

describe('RedisBlobStore, when its Redis', () => {
  const away = { code: 'store-unavailable', message: expect.stringContaining('127.0.0.1') };

  async function expectAway(store: RedisBlobStore): Promise<void> {
    const calls = [store.put('b', blob), store.get('a'), store.has('a'), store.delete('c'), keysOf(store, '')];
    for (const call of await Promise.allSettled(calls))
      expect(call).toMatchObject({ status: 'rejected', reason: away });
  }

  test('is killed, says so, and works again with what it had when it is back', async () => {
    const troubles: string[] = [];
    const store = await RedisBlobStore.open({
      url: redis.url,
      namespace: 'killed',
      onTrouble: (t) => troubles.push(t),
    });
    onTestFinished(() => store.close());
    await store.put('a', blob);
    const large = new Uint8Array(BLOB_BYTES_MAX);
    const underWay = Promise.allSettled(Array.from({ length: 10 }, () => store.put('large', large)));
    await redis.kill();
    onTestFinished(() => redis.restart());
    for (const put of await underWay) {
      if (put.status === 'rejected') expect(put.reason).toMatchObject(away);
    }
    await expectAway(store);
    await expectAway(store);
    await redis.restart();
    await expect.poll(() => store.get('a').catch(() => 'away'), { timeout: 5_000 }).toEqual(blob);
    expect(await store.has('b')).toBe(false);
    await store.put('b', blob);
    expect(await store.get('b')).toEqual(blob);
    expect(troubles).toEqual([expect.stringContaining('lost'), expect.stringContaining('back')]);
  });

  test('does not answer, says so in time, and works again when it does', async () => {
    const store = await openStore({ timeoutMs: 300 });
    await store.put('a', blob);
    redis.pause();
    onTestFinished(() => redis.resume());
    const since = performance.now();
    await expectAway(store);
    await expectAway(store);
    expect(performance.now() - since).toBeLessThan(5_000);
    redis.resume();
    await expect.poll(() => store.get('a').catch(() => 'away'), { timeout: 10_000 }).toEqual(blob);
  });

  test('is out of memory, says so, keeps what it had, and works again when there is room', async () => {
    const small = await startRedis({ args: ['--maxmemory', '8mb'] });
    onTestFinished(() => small.stop());
    const store = await openStore({ url: small.url });
    await store.put('a', blob);
    const filler = new Uint8Array(1_000_000);
    const filled = (async () => {
      for (let index = 0; index < 20; index++) await store.put(`filler/${index}`, filler);
    })();
    await expect(filled).rejects.toMatchObject({
      code: 'store-unavailable',
      message: expect.stringContaining('out of memory'),
      remedy: expect.stringContaining('maxmemory'),
    });
    expect(await store.get('a')).toEqual(blob);
    const kept = await keysOf(store, 'filler/');
    for (const key of kept) expect((await store.get(key))?.length).toBe(filler.length);
    for (const key of kept) await store.delete(key);
    await store.put('b', blob);
    expect(await keysOf(store, '')).toEqual(['a', 'b']);
  });
});

describe('RedisBlobStore refuses', () => {
  test('a Redis that may drop what it is given', async () => {
    const evicting = await startRedis({ args: ['--maxmemory-policy', 'allkeys-lru'] });
    onTestFinished(() => evicting.stop());
    await expect(openStore({ url: evicting.url })).rejects.toMatchObject({ code: 'redis-unsuitable' });
  });

  test('one that is not there, without showing its password', async () => {
    await expect(openStore({ url: 'redis://:secret@127.0.0.1:1' })).rejects.toMatchObject({
      code: 'store-unavailable',
      message: expect.stringMatching(/^the store's Redis at redis:\/\/:\*\*\*@127.0.0.1:1: .*ECONNREFUSED/),
      remedy: expect.stringContaining('--store'),
    });
  });

  test('what is no URL of a Redis', async () => {
    await expect(openStore({ url: 'http://127.0.0.1' })).rejects.toMatchObject({ code: 'usage' });
  });
});
