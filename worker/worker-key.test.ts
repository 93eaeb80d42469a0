import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { publicKeyOf } from '../proto/index.js';
import { expectCode } from '../tests/support/expect-code.js';
import { tempFolder } from '../tests/support/temp-folder.js';
import { loadWorkerKey } from './worker-key.js';

it('makes a key for its owner alone, and finds it again', async () => {
  const folder = join(await tempFolder(), 'not', 'there');
  const path = join(folder, 'worker.pem');
  const made = await loadWorkerKey(path);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readdir(folder)).toEqual(['worker.pem']);
  expect(publicKeyOf(await loadWorkerKey(path))).toBe(publicKeyOf(made));
});

it('makes one key however many ask at once', async () => {
  const folder = await tempFolder();
  const keys = await Promise.all(Array.from({ length: 20 }, () => loadWorkerKey(join(folder, 'worker.pem'))));
  expect(new Set(keys.map((key: KeyObject) => publicKeyOf(key))).size).toBe(1);
  expect(await readdir(folder)).toEqual(['worker.pem']);
});

it('refuses a file that holds something else, and leaves it alone', async () => {
  const path = join(await tempFolder(), 'worker.pem');
  await writeFile(path, 'not a key');
  await expectCode(loadWorkerKey(path), 'usage', /worker\.pem holds no ed25519 key in PKCS8 PEM$/);
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey;
  await writeFile(path, rsa.export({ type: 'pkcs8', format: 'pem' }));
  await expectCode(loadWorkerKey(path), 'usage', /holds no ed25519 key/);
  await expectCode(loadWorkerKey(join(path, 'below-a-file')), 'usage', /cannot read a worker's key at .*: ENOTDIR$/);
});

it('names the file that cannot be made, and not the one that it was to be written to first', async () => {
  await expectCode(
    loadWorkerKey('/proc/worker.pem'),
    'usage',
    /^cannot make a worker's key at \/proc\/worker\.pem: E[A-Z]+$/,
  );
  await expectCode(
    loadWorkerKey('/dev/null/worker.pem'),
    'usage',
    /^cannot read a worker's key at \/dev\/null\/worker\.pem: ENOTDIR$/,
  );
});
