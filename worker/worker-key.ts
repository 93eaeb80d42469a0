import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { link, readFile, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { EspalierError, errnoOf, makeFolder, storeError, tempName, writeFileAtomically } from '../common/index.js';
import { parsePrivateKey } from '../proto/index.js';

const OWNER_ONLY = 0o600;
const REMEDY = 'name another file with --key: where there is none a new key is made';

/**
 * The ed25519 key that a worker signs its proofs with: PKCS8 PEM in a file, which is made, with a new key and for its
 * owner alone, where there is none. Processes that start at once with one path get one key.
 * Rejects with `usage` where the file holds something else or can be neither read nor made, `disk-full` on a full disk.
 */
export async function loadWorkerKey(path: string): Promise<KeyObject> {
  const pem = (await readKey(path)) ?? (await makeKey(path));
  try {
    return parsePrivateKey(pem);
  } catch (cause) {
    // What OpenSSL says of it helps nobody, and the file may be anything: it is not ours to have deleted.
    throw new EspalierError('usage', `${path} holds no ed25519 key in PKCS8 PEM`, { remedy: REMEDY, cause });
  }
}

async function readKey(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT') return undefined;
    throw keyError('read', path, thrown);
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
    throw keyError('make', path, thrown);
  } finally {
    await rm(whole, { force: true }).catch(() => {});
  }
}

/** Names the key's file alone: what the file system said may name one beside it that was there for a moment. */
function keyError(deed: string, path: string, thrown: unknown): EspalierError {
  const error = storeError('write', path, thrown);
  if (error.code === 'disk-full') return error;
  const { cause = thrown } = error;
  const why = errnoOf(cause) ?? 'it failed';
  return new EspalierError('usage', `cannot ${deed} a worker's key at ${path}: ${why}`, { remedy: REMEDY, cause });
}
