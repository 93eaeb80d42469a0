import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder, EspalierError, makeFolder, sweepFolder, writeFileAtomically } from '../../common/index.js';
import { findBb } from './find-bb.js';
import { CANONICAL, DEVELOPMENT } from './known-srs.js';

/**
 * The path of a copy of `bb` that verifies against the development SRS, in the cache; made first if it is not there.
 * Each original has a copy of its own, named by its SHA-256, and the original is never touched. Takes about 0.2 s.
 *
 * @throws EspalierError `srs-unsupported` for a binary that does not hold what is to be replaced in the way expected;
 *   `prover-unavailable` where there is no binary.
 */
export async function ensureDevelopmentBb(env: Readonly<Record<string, string | undefined>>): Promise<string> {
  const originalPath = findBb(env);
  try {
    const original = await readFile(originalPath);
    const folder = `${sha256(original).toString('hex').slice(0, 16)}-development`;
    const path = join(cacheFolder(env), 'bb', folder, 'bb');
    const patched = patchBb(original, originalPath);
    if (!(await isThere(path, patched))) {
      await makeFolder(dirname(path));
      await sweepFolder(dirname(path));
      await writeFileAtomically(path, patched, 0o755);
      if (process.platform === 'darwin') await signAdHoc(path);
    }
    return path;
  } catch (error) {
    throw EspalierError.from(error);
  }
}

/** On macOS the signature added afterwards changes the end of the file, so there its presence must do. */
async function isThere(path: string, patched: Buffer): Promise<boolean> {
  const present = await readFile(path).catch(() => null);
  return present !== null && (process.platform === 'darwin' || present.equals(patched));
}

/** macOS refuses to start a binary whose signature its bytes no longer match; an ad-hoc signature needs no identity. */
async function signAdHoc(path: string): Promise<void> {
  await promisify(execFile)('codesign', ['--force', '--sign', '-', path]);
}

/**
 * A copy of the binary with the canonical `[x]_2` and its SHA-256 replaced by those of the development SRS.
 *
 * Proofs are verified against the `[x]_2` that is built in, not the one on disk, so it must be there exactly once. Its
 * SHA-256 guards only an SRS handed over through the API, which the native provers here do not do, so it is replaced
 * wherever it stands: once in the x64 Linux build of 5.0.0, twice in the x64 macOS one, and nowhere in the arm64 builds,
 * where the compiler folded it into instructions.
 */
export function patchBb(original: Uint8Array, path: string): Buffer {
  const patched = Buffer.from(original);
  const places = placesOf(patched, CANONICAL.g2);
  const hashes = placesOf(patched, sha256(CANONICAL.g2));
  if (places.length !== 1) {
    throw new EspalierError(
      'srs-unsupported',
      `${path} cannot be bound to the development SRS: it holds the canonical [x]_2 ${places.length} times, not once`,
      { remedy: 'use the bb of the @aztec/bb.js that this package names, or the canonical SRS' },
    );
  }
  for (const place of places) patched.set(DEVELOPMENT.g2, place);
  for (const place of hashes) patched.set(sha256(DEVELOPMENT.g2), place);
  return patched;
}

function placesOf(bytes: Buffer, wanted: Uint8Array): number[] {
  const places: number[] = [];
  for (let at = bytes.indexOf(wanted); at !== -1; at = bytes.indexOf(wanted, at + 1)) places.push(at);
  return places;
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}
