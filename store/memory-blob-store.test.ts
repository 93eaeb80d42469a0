import { expect, test } from 'vitest';
import { describeBlobStore } from '../tests/conformance/blob-store.js';
import { MemoryBlobStore } from './memory-blob-store.js';

describeBlobStore('MemoryBlobStore', async () => new MemoryBlobStore());

test('MemoryBlobStore is bounded, counting what was overwritten and deleted as free', async () => {
  const store = new MemoryBlobStore({ bytesMax: 10 });
  await store.put('a', new Uint8Array(6));
  await expect(store.put('b', new Uint8Array(5))).rejects.toMatchObject({ code: 'disk-full' });
  expect(await store.has('b')).toBe(false);
  await store.put('a', new Uint8Array(5));
  await store.put('b', new Uint8Array(5));
  await store.delete('a');
  await store.put('c', new Uint8Array(5));
});
