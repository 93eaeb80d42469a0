import { type FileHandle, open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { EspalierError } from '../../common/index.js';
import { G2_BYTES, isNextPower, isOnCurve } from './bn254.js';
import { SRS_POINT_BYTES } from './comb/fixed-base-comb.js';
import { CANONICAL, DEVELOPMENT, FIRST_G1, type SrsFingerprint } from './known-srs.js';

export const G1_FILE = 'bn254_g1.dat';
export const G2_FILE = 'bn254_g2.dat';

/** Points looked at, evenly spread, whenever an SRS is about to be used: holes left by a lost write show. */
const POINTS_LOOKED_AT = 64;

/** An SRS found on disk. */
export interface SrsFolder {
  readonly name: 'canonical' | 'development';
  readonly folder: string;
  readonly points: number;
  readonly bytes: number;
}

/** The largest power of two of gates that `points` serve: a circuit of `n` dyadic gates needs `n + 1`. */
export function largestCircuit(points: number): number {
  return points < 2 ? 0 : 2 ** Math.floor(Math.log2(points - 1));
}

/**
 * What SRS a folder holds; null if it has no SRS file at all. Says which one by the G2 point, and looks at sizes, the
 * first two points, and some others, which takes a few milliseconds.
 *
 * @throws EspalierError `srs-invalid` for one that is neither the canonical nor the development SRS, or is damaged.
 */
export async function readSrsFolder(folder: string): Promise<SrsFolder | null> {
  const g2 = await readFile(join(folder, G2_FILE)).catch(nullIfMissing);
  const bytes = await stat(join(folder, G1_FILE)).then((found) => found.size, nullIfMissing);
  if (g2 === null && bytes === null) return null;
  if (g2 === null || bytes === null) {
    throw invalid(folder, `${g2 === null ? G2_FILE : G1_FILE} is missing`);
  }
  if (g2.length !== G2_BYTES) throw invalid(folder, `${G2_FILE} has ${g2.length} bytes instead of ${G2_BYTES}`);
  const name = (['canonical', 'development'] as const).find((known) => equal(fingerprintOf(known).g2, g2));
  if (name === undefined) throw invalid(folder, `${G2_FILE} is neither the canonical point nor the development one`);
  if (bytes % SRS_POINT_BYTES !== 0 || bytes < 2 * SRS_POINT_BYTES) {
    throw invalid(folder, `${G1_FILE} has ${bytes} bytes, which is no whole number of points of 64 bytes from 2 up`);
  }
  const points = bytes / SRS_POINT_BYTES;
  await withPoints(folder, (read) => lookAtPoints(folder, points, fingerprintOf(name), read));
  return { name, folder, points, bytes };
}

export function fingerprintOf(name: SrsFolder['name']): SrsFingerprint {
  return name === 'canonical' ? CANONICAL : DEVELOPMENT;
}

/**
 * Checks with pairings, at `samples` random places, that each point is tau times the one before it. About 40 ms each.
 *
 * @throws EspalierError `srs-invalid` naming the first point that is not.
 */
export async function checkPowers(srs: SrsFolder, samples: number): Promise<void> {
  const { g2 } = fingerprintOf(srs.name);
  await withPoints(srs.folder, async (read) => {
    for (let sample = 0; sample < samples; sample++) {
      // The last pair first: it is where a truncated or mixed-up file goes wrong.
      const index = sample === 0 ? srs.points - 2 : Math.floor(Math.random() * (srs.points - 1));
      const [point, next] = [await read(index), await read(index + 1)];
      if (!isOnCurve(point) || !isOnCurve(next) || !isNextPower(point, next, g2)) {
        throw invalid(srs.folder, `point ${index + 1} of ${G1_FILE} is not tau times point ${index}`);
      }
    }
  });
}

type ReadPoint = (index: number) => Promise<Uint8Array>;

async function lookAtPoints(folder: string, points: number, known: SrsFingerprint, read: ReadPoint): Promise<void> {
  if (!equal(await read(0), FIRST_G1)) throw invalid(folder, `${G1_FILE} does not start with the point (1, 2)`);
  if (!equal(await read(1), known.secondG1)) {
    throw invalid(folder, `the second point of ${G1_FILE} does not belong to ${G2_FILE}`);
  }
  for (let look = 1; look <= POINTS_LOOKED_AT; look++) {
    const index = Math.floor(((points - 1) * look) / POINTS_LOOKED_AT);
    if (!isOnCurve(await read(index))) throw invalid(folder, `point ${index} of ${G1_FILE} is not on the curve`);
  }
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

async function withPoints<T>(folder: string, use: (read: ReadPoint) => Promise<T>): Promise<T> {
  const file = await open(join(folder, G1_FILE));
  try {
    return await use((index) => readPoint(file, index));
  } finally {
    await file.close();
  }
}

async function readPoint(file: FileHandle, index: number): Promise<Uint8Array> {
  const point = new Uint8Array(SRS_POINT_BYTES);
  await file.read(point, 0, SRS_POINT_BYTES, index * SRS_POINT_BYTES);
  return point;
}

function nullIfMissing(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
  throw error;
}

function invalid(folder: string, what: string): EspalierError {
  return new EspalierError('srs-invalid', `the SRS in ${folder} cannot be used: ${what}`, {
    remedy: 'name another folder, or remove its files and run `espalier srs fetch`',
  });
}
