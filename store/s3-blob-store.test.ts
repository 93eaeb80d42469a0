import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { blockId, collectBlock } from '../proto/index.js';
import { describeBlobStore, keysOf } from '../tests/conformance/blob-store.js';
import { blockPieces, paddedBlock } from '../tests/support/block-pieces.js';
import { S3_CREDENTIALS, type S3Server, startS3 } from '../tests/support/s3-server.js';
import { BLOB_BYTES_MAX } from './blob-store.js';
import { BlockStore } from './block-store.js';
import { openBlobStore } from './open-blob-store.js';
import { S3BlobStore } from './s3-blob-store.js';
import { StoredBlock } from './stored-block.js';

let s3: S3Server;

beforeAll(async () => {
  for (const [name, value] of Object.entries(S3_CREDENTIALS)) vi.stubEnv(name, value);
  s3 = await startS3();
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await s3?.stop();
});

async function openStore(prefix = randomBytes(6).toString('hex'), timeoutMs?: number): Promise<S3BlobStore> {
  const store = await S3BlobStore.open({ url: s3.urlOf(prefix), timeoutMs });
  onTestFinished(() => store.close());
  return store;
}

/** Past the store, and so past its rules. */
async function writeObject(path: string, body: Uint8Array): Promise<void> {
  const { status } = await fetch(`${s3.endpoint}/${s3.bucket}/${encodeURI(path)}`, { method: 'PUT', body });
  expect(status).toBe(200);
}

describeBlobStore('S3BlobStore', () => openStore());

const blob = Uint8Array.of(1, 2, 3);

describe('S3BlobStore, beyond the contract', () => {
  test('keeps each prefix to itself', async () => {
    const [a, ab] = [await openStore('t/a'), await openStore('t/ab')];
    await a.put('proofs/x', blob);
    await ab.put('proofs/y', blob);
    expect(await ab.get('proofs/x')).toBeUndefined();
    expect(await keysOf(a, '')).toEqual(['proofs/x']);
    expect(await keysOf(await openStore('t'), '')).toEqual(['a/proofs/x', 'ab/proofs/y']);
  });

  test('lists more than one page holds', async () => {
    const store = await openStore();
    const keys = Array.from({ length: 2_001 }, (_, index) => `proofs/k${index}`);
    for (let at = 0; at < keys.length; at += 50) {
      await Promise.all(keys.slice(at, at + 50).map((key) => store.put(key, blob)));
    }
    expect(await keysOf(store, 'proofs/')).toEqual(keys.sort());
  });

  test('passes over what is no blob, and does not read one of absurd size', async () => {
    const store = await openStore('foreign');
    await writeObject('foreign/proofs/', new Uint8Array());
    await writeObject('foreign/with space', blob);
    await writeObject('foreign/a', new Uint8Array(BLOB_BYTES_MAX + 1));
    expect(await keysOf(store, '')).toEqual(['a']);
    await expect(store.get('a')).rejects.toMatchObject({ code: 'store-corrupt' });
  });
});

test('a large block goes through S3, and leaves nothing when it is deleted', async () => {
  const { blobs, shown, close } = await openBlobStore(s3.urlOf('shared'), { namespace: 'fleet' });
  onTestFinished(close);
  expect(shown).toBe(`s3://${s3.bucket}/shared/fleet at ${s3.endpoint}`);
  const blocks = new BlockStore(blobs);
  const block = paddedBlock(300, 32_768);
  await blocks.putBlock(blockPieces(block));
  const stored = await StoredBlock.open(blocks, blockId(block));
  expect(await collectBlock(stored?.parts() ?? [])).toEqual(block);
  await blocks.deleteBlock(blockId(block));
  expect(await keysOf(blobs, '')).toEqual([]);
});

test('namespaces that share a bucket see nothing of each other', async () => {
  const mine = await openBlobStore(s3.urlOf('namespaces'), { namespace: 'mine' });
  onTestFinished(mine.close);
  const others = await openBlobStore(s3.urlOf('namespaces'), { namespace: 'others' });
  onTestFinished(others.close);
  await mine.blobs.put('blocks/a', blob);
  expect(await keysOf(others.blobs, '')).toEqual([]);
  await others.blobs.delete('blocks/a');
  expect(await mine.blobs.get('blocks/a')).toEqual(blob);
});

describe('S3BlobStore, when its server', () => {
  const away = { code: 'store-unavailable', message: expect.stringContaining('127.0.0.1') };

  async function expectAway(store: S3BlobStore): Promise<void> {
    const calls = [store.put('b', blob), store.get('a'), store.has('a'), store.delete('c'), keysOf(store, '')];
    for (const call of await Promise.allSettled(calls))
      expect(call).toMatchObject({ status: 'rejected', reason: away });
  }

  test('is killed, says so, and works again when it is back', async () => {
    const store = await openStore();
    await store.put('a', blob);
    const large = new Uint8Array(BLOB_BYTES_MAX);
    const underWay = Promise.allSettled(Array.from({ length: 20 }, () => store.put('large', large)));
    await s3.kill();
    onTestFinished(() => s3.restart());
    for (const put of await underWay) {
      if (put.status === 'rejected') expect(put.reason).toMatchObject(away);
    }
    await expectAway(store);
    await s3.restart();
    expect(await store.get('a')).toEqual(blob);
    expect(await store.has('b')).toBe(false);
    await store.put('b', blob);
    expect(await store.get('b')).toEqual(blob);
  });

  test('does not answer, says so in time, and works again when it does', async () => {
    const store = await openStore(undefined, 500);
    await store.put('a', blob);
    s3.pause();
    onTestFinished(() => s3.resume());
    const since = performance.now();
    await expectAway(store);
    expect(performance.now() - since).toBeLessThan(5_000);
    s3.resume();
    await store.put('a', blob);
    expect(await store.get('a')).toEqual(blob);
  });
});

describe('S3BlobStore refuses at the start', () => {
  const open = (change: (url: URL) => void) => {
    const url = new URL(s3.urlOf('p'));
    change(url);
    return S3BlobStore.open({ url: url.href });
  };

  test('a bucket that is not there', async () => {
    await expect(
      open((url) => {
        url.hostname = 'no-such-bucket';
      }),
    ).rejects.toMatchObject({
      code: 'store-unavailable',
      message: expect.stringMatching(/^cannot list s3:\/\/no-such-bucket\/p at http.*: NoSuchBucket/),
      remedy: expect.stringContaining('create the bucket no-such-bucket'),
    });
  });

  test('a server that has no host for each bucket', async () => {
    const url = 's3://bucket/p?endpoint=http://server.invalid:9000';
    await expect(S3BlobStore.open({ url })).rejects.toMatchObject({
      code: 'store-unavailable',
      remedy: expect.stringContaining('pathStyle=true'),
    });
  });

  test('credentials that are wrong', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'nobody');
    onTestFinished(() => void vi.stubEnv('AWS_ACCESS_KEY_ID', S3_CREDENTIALS.AWS_ACCESS_KEY_ID));
    await expect(open(() => undefined)).rejects.toMatchObject({
      code: 'store-unavailable',
      message: expect.stringContaining('InvalidAccessKeyId'),
      remedy: expect.stringContaining('AWS_ACCESS_KEY_ID'),
    });
  });

  test('a server that is not there', async () => {
    await expect(open((url) => url.searchParams.set('endpoint', 'http://127.0.0.1:1'))).rejects.toMatchObject({
      code: 'store-unavailable',
      message: expect.stringContaining('ECONNREFUSED'),
      remedy: expect.stringContaining('can be reached'),
    });
  });
});
