import { execFileSync } from 'node:child_process';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../common/index.js';
import { keysOf } from '../tests/conformance/blob-store.js';
import { buildPart } from '../tests/support/fixture.js';
import { tempFolder } from '../tests/support/temp-folder.js';
import { openBlobStore } from './open-blob-store.js';

const namespace = 'test';

describe('openBlobStore', () => {
  test('makes a folder of the namespace in the one that a URL or a path names, and leaves nothing in it', async () => {
    const store = join(await tempFolder(), 'with space', 'store');
    const folder = join(store, namespace);
    for (const url of [pathToFileURL(store).href, store]) {
      const { blobs, shown, close } = await openBlobStore(url, { namespace });
      expect(await readdir(folder)).toEqual([]);
      expect(shown).toBe(folder);
      await blobs.put('a', Uint8Array.of(1));
      expect(await readdir(folder)).toEqual(['a']);
      await blobs.delete('a');
      close();
    }
  });

  test('namespaces that share a folder see nothing of each other', async () => {
    const folder = await tempFolder();
    const [mine, others] = [
      await openBlobStore(folder, { namespace }),
      await openBlobStore(folder, { namespace: 'other' }),
    ];
    await mine.blobs.put('blocks/a', Uint8Array.of(1));
    expect(await keysOf(others.blobs, '')).toEqual([]);
    await others.blobs.put('blocks/a', Uint8Array.of(2));
    await others.blobs.delete('blocks/a');
    expect(await mine.blobs.get('blocks/a')).toEqual(Uint8Array.of(1));
  });

  test.each(['', '..', 'a/b'])('refuses the namespace %j', async (bad) => {
    const refused = { code: 'usage', message: expect.stringContaining(JSON.stringify(bad)) };
    await expect(openBlobStore(await tempFolder(), { namespace: bad })).rejects.toMatchObject(refused);
  });

  test('refuses a folder that cannot be made or written to', async () => {
    const file = join(await tempFolder(), 'file');
    await writeFile(file, '');
    for (const path of [file, join(file, 'store')]) {
      await expect(openBlobStore(path, { namespace })).rejects.toMatchObject({
        code: 'store-unavailable',
        message: expect.stringContaining(`cannot write to the folder ${path}`),
      });
    }
  });

  test.each([
    ['', /empty/],
    ['http://host/store', /nothing is known of http:/],
    ['file://host/store', /host/],
    ['file://', /it names no folder/],
    ['file:', /it names no folder/],
    ['~/proofs', /~ is not replaced/],
    ['~', /~ is not replaced/],
    ['redis:', /no Redis of a queue/],
    ['redis://', /names no host/],
    ['s3://', /no bucket's name/],
    ['s3://bucket:80/prefix', /no bucket's name/],
    ['s3://bucket/a b', /its prefix may hold/],
    ['s3://bucket/p?endpoint=host', /its endpoint is no http:\/\/ URL/],
    ['s3://bucket/p?endpoint=http://u:p@host', /its endpoint holds credentials/],
    ['s3://bucket/p?pathstyle=true', /no option "pathstyle"/],
    ['s3://bucket/p?pathStyle=yes', /neither true nor false/],
  ])('refuses %j, saying why and what it takes', async (url, why) => {
    await expect(openBlobStore(url, { namespace })).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringMatching(why),
      remedy: expect.stringMatching(/give /),
    });
  });

  test('shows no secret of a URL that it refuses', async () => {
    for (const url of ['s3://key:secret@bucket/p', 'redis://:secret@', 'https://u:secret@host']) {
      const error: unknown = await openBlobStore(url, { namespace }).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'usage' });
      expect(String(error)).not.toContain('secret');
    }
  });

  test('loads the SDK of S3 only for those who use it', async () => {
    buildPart('store');
    const program = `
      const { openBlobStore } = await import('./dist/store/index.js');
      const { default: module } = await import('node:module');
      await openBlobStore(process.argv[1], { namespace: 'x' }).catch(() => undefined);
      process.stdout.write(String(Object.keys(module._cache).some((path) => path.includes('@aws-sdk'))));`;
    const isLoadedFor = (url: string) => {
      const args = ['--input-type=module', '--eval', program, url];
      return execFileSync(process.execPath, args, { cwd: packageRoot(import.meta.url), encoding: 'utf8' });
    };
    expect(isLoadedFor(await tempFolder())).toBe('false');
    expect(isLoadedFor('s3://')).toBe('true');
  });
});
