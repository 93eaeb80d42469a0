import { readFile, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder, EspalierError, makeFolder, sweepFolder, writeFileAtomically } from '../../common/index.js';
import { SRS_POINT_BYTES } from './comb/fixed-base-comb.js';
import { COMPRESSED_POINT_BYTES } from './comb/point-expander.js';
import { type ExpandOptions, expandPoints } from './expand-points.js';
import { CANONICAL, DEFAULT_POINTS } from './known-srs.js';
import { checkPowers, G1_FILE, G2_FILE, readSrsFolder, type SrsFolder } from './srs-folder.js';

/** As `bb` names it. */
export const COMPRESSED_G1_FILE = 'bn254_g1_compressed.dat';

/** Random places at which an expanded SRS is checked with pairings. */
export const PAIRING_CHECKS = 4;

type Environment = Readonly<Record<string, string | undefined>>;

/** Where a download goes. */
export function fetchedSrsFolder(env: Environment): string {
  return join(cacheFolder(env), 'srs', 'canonical');
}

/** The folders that may hold a canonical SRS, in the order in which they are looked at. */
export function canonicalPlaces(env: Environment): string[] {
  const named = [env['ESPALIER_CANONICAL_SRS'], env['CRS_PATH']].filter(
    (folder) => folder !== undefined && folder !== '',
  );
  return [...new Set([...(named as string[]), join(env['HOME'] || homedir(), '.bb-crs'), fetchedSrsFolder(env)])];
}

/**
 * `bb` and `@aztec/bb.js` keep what they download compressed, and expand only as much as a proof took. If such a folder
 * has enough points compressed and too few expanded, they are expanded into the cache; else this is null.
 */
export async function expandCompressedFolder(
  folder: string,
  env: Environment,
  pointsNeeded: number,
  options: ExpandOptions,
): Promise<SrsFolder | null> {
  const points = await compressedPoints(folder, pointsNeeded);
  if (points === null) return null;
  // bb's own download has 2^25 points; expanding them all would take minutes.
  const wanted = Math.min(points, Math.max(pointsNeeded, DEFAULT_POINTS));
  return installCompressed(join(folder, COMPRESSED_G1_FILE), fetchedSrsFolder(env), wanted, options);
}

/** The first place that has enough points compressed and too few expanded; null if there is none. */
export async function findCompressed(env: Environment, pointsNeeded: number): Promise<string | null> {
  for (const place of canonicalPlaces(env)) {
    if ((await compressedPoints(place, pointsNeeded)) !== null) return place;
  }
  return null;
}

/** How many compressed points a folder has, where they are what must be expanded to have enough; else null. */
async function compressedPoints(folder: string, pointsNeeded: number): Promise<number | null> {
  const sizeOf = (name: string): Promise<number> =>
    stat(join(folder, name)).then(
      ({ size }) => size,
      () => 0,
    );
  const points = Math.floor((await sizeOf(COMPRESSED_G1_FILE)) / COMPRESSED_POINT_BYTES);
  if (points < pointsNeeded || (await sizeOf(G1_FILE)) / SRS_POINT_BYTES >= pointsNeeded) return null;
  const g2 = await readFile(join(folder, G2_FILE)).catch(() => null);
  return g2 !== null && CANONICAL.g2.every((byte, i) => g2[i] === byte) ? points : null;
}

/**
 * Makes a folder of the canonical SRS from compressed points, and checks it.
 *
 * @throws EspalierError `srs-invalid` when they are something else.
 */
export async function installCompressed(
  compressed: string,
  folder: string,
  points: number,
  options: ExpandOptions,
): Promise<SrsFolder> {
  await makeFolder(folder);
  await sweepFolder(folder);
  await expandPoints(compressed, join(folder, G1_FILE), points, options);
  await writeFileAtomically(join(folder, G2_FILE), CANONICAL.g2);
  try {
    const srs = await readSrsFolder(folder);
    if (srs === null) throw new EspalierError('srs-missing', `the SRS in ${folder} is gone`);
    await checkPowers(srs, PAIRING_CHECKS);
    return srs;
  } catch (error) {
    await rm(join(folder, G1_FILE), { force: true });
    throw error;
  }
}

export interface CanonicalSearch {
  /** The first with enough points; failing that, the largest; null where there is none. */
  readonly found: SrsFolder | null;
  /** What is wrong with the damaged ones that were passed over. */
  readonly problems: readonly string[];
}

export async function findCanonical(env: Environment, pointsNeeded: number): Promise<CanonicalSearch> {
  let found: SrsFolder | null = null;
  const problems: string[] = [];
  for (const place of canonicalPlaces(env)) {
    const srs = await readSrsFolder(place).catch((error: Error) => {
      problems.push(error.message);
      return null;
    });
    if (srs?.name !== 'canonical') continue;
    if (srs.points >= pointsNeeded) return { found: srs, problems };
    if (found === null || srs.points > found.points) found = srs;
  }
  return { found, problems };
}
