import { mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ownIdentity, tempName } from '../common/index.js';
import { describeBlobStore } from '../tests/conformance/blob-store.js';
import { tempFolder } from '../tests/support/temp-folder.js';
import { BLOB_BYTES_MAX } from './blob-store.js';
import { FileBlobStore } from './file-blob-store.js';

describeBlobStore('FileBlobStore', async () => FileBlobStore.open(await tempFolder()));

const blob = Uint8Array.of(1, 2, 3);

describe('FileBlobStore, beyond the contract', () => {
  test('keeps a blob as a plain file under its key, and nothing beside it', async () => {
    const folder = await tempFolder();
    const store = await FileBlobStore.open(join(folder, 'deep', 'store'));
    expect(await readdir(folder)).toEqual([]);
    await store.put('proofs/a', blob);
    expect(await readdir(join(folder, 'deep/store/proofs'))).toEqual(['a']);
    expect(Uint8Array.from(await readFile(join(folder, 'deep/store/proofs/a')))).toEqual(blob);
  });

  test('another store on the same folder sees the same blobs', async () => {
    const folder = await tempFolder();
    await (await FileBlobStore.open(folder)).put('a', blob);
    expect(await (await FileBlobStore.open(folder)).get('a')).toEqual(blob);
  });

  test('sweeps up what dead processes left unfinished, and not what living ones are at', async () => {
    const folder = await tempFolder();
    await mkdir(join(folder, 'proofs'));
    const { pid, startedAt } = ownIdentity();
    const alive = tempName('a');
    // No process has the largest id; ours has another start time, as when an id is used again.
    const abandoned = [
      tempName('a').replace(`~${pid}~`, '~4194305~'),
      tempName('b').replace(`~${startedAt}~`, '~1-00000000~'),
    ];
    // A machine or container that shares the folder: whether its process lives cannot be told from here.
    const foreign = alive.replace(/^a~.{8}~\d+~/, 'a~00000000~4194305~');
    for (const name of [alive, foreign, ...abandoned]) await writeFile(join(folder, 'proofs', name), 'half');
    const store = await FileBlobStore.open(folder);
    expect((await readdir(join(folder, 'proofs'))).sort()).toEqual([alive, foreign].sort());
    const keys: string[] = [];
    for await (const key of store.list('')) keys.push(key);
    expect(keys).toEqual([]);
  });

  test('leaves no folder of a thing that is gone, however many write and delete in it', async () => {
    const folder = await tempFolder();
    const stores = [await FileBlobStore.open(folder), await FileBlobStore.open(folder)];
    for (let round = 0; round < 50; round++) {
      await Promise.all(
        stores.map(async (store, index) => {
          await store.put(`blocks/x/${index}`, blob);
          await store.delete(`blocks/x/${index}`);
        }),
      );
    }
    expect(await readdir(join(folder, 'blocks'))).toEqual([]);
    await stores[0]?.put('blocks/x/0', blob);
    expect(await stores[1]?.get('blocks/x/0')).toEqual(blob);
  });

  test('says what cannot be written, and why', async () => {
    const folder = await tempFolder();
    await writeFile(join(folder, 'proofs'), 'a file where a folder should be');
    const store = await FileBlobStore.open(folder);
    await expect(store.put('proofs/a', blob)).rejects.toMatchObject({
      code: 'store-unavailable',
      message: expect.stringContaining(join(folder, 'proofs/a')),
    });
    const below = await FileBlobStore.open(join(folder, 'proofs', 'store'));
    await expect(below.put('a', blob)).rejects.toMatchObject({ code: 'store-unavailable' });
  });

  test('works again after its folder was deleted and made anew', async () => {
    const folder = await tempFolder();
    const store = await FileBlobStore.open(folder);
    await store.put('proofs/a', blob);
    await rm(join(folder, 'proofs'), { recursive: true });
    expect(await store.get('proofs/a')).toBeUndefined();
    await store.put('proofs/b', blob);
    expect(await store.get('proofs/b')).toEqual(blob);
  });

  test('does not read a file of absurd size into memory', async () => {
    const folder = await tempFolder();
    await writeFile(join(folder, 'a'), '');
    await truncate(join(folder, 'a'), BLOB_BYTES_MAX + 1);
    await expect((await FileBlobStore.open(folder)).get('a')).rejects.toMatchObject({ code: 'store-corrupt' });
  });
});
