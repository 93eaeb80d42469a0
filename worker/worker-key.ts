import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { link, readFile, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { EspalierError, errnoOf, makeFolder, storeError, tempName, writeFileAtomically } from '../common/index.js';
import { parsePrivateKey } from '../proto/index.js';

const OWNER_ONLY = 0o600;

/**
 * The ed25519 key that a worker signs its proofs with: PKCS8 PEM in a file, which is made, with a new key and for its
 * owner alone, where there is none. Processes that start at once with one path get one key.
 * Rejects with `usage` where the file holds something else, else with what the file system said.
 */
export async function loadWorkerKey(path: string): Promise<KeyObject> {
  const pem = (await readKey(path)) ?? (await makeKey(path));
  try {
    return parsePrivateKey(pem);
  } catch (cause) {
    throw new EspalierError('usage', `${path} holds no ed25519 key in PKCS8 PEM: ${(cause as Error).message}`, {
      remedy: 'name another file, or delete this one to have a new key made',
      cause,
    });
  }
}

async function readKey(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT') return undefined;
    throw storeError('read', path, thrown);
  }
}

/** Written whole beside its place and then linked there, which fails where another process was first: its key counts. */
async function makeKey(path: string): Promise<string> {
  const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const whole = join(dirname(path), tempName(basename(path)));
  try {
    await makeFolder(dirname(path));
    await writeFileAtomically(whole, pem, OWNER_ONLY);
    await link(whole, path);
    return pem;
  } catch (thrown) {
    const made = errnoOf(thrown) === 'EEXIST' ? await readKey(path) : undefined;
    if (made !== undefined) return made;
    throw storeError('write', path, thrown);
  } finally {
    await rm(whole, { force: true }).catch(() => {});
  }
}
