import { join } from 'node:path';
import { EspalierError } from '../../common/index.js';
import { canonicalPlaces } from './canonical-folder.js';
import { developmentSrsFolder, hashFile } from './development.js';
import { DEVELOPMENT_G1_SHA256 } from './known-srs.js';
import { checkPowers, G1_FILE, largestCircuit, readSrsFolder } from './srs-folder.js';

const PAIRING_CHECKS = 4;

/** An SRS on disk, thoroughly checked. */
export interface SrsStatus {
  /** Null where the folder's files are too damaged to tell. */
  readonly name: 'canonical' | 'development' | null;
  readonly folder: string;
  readonly points: number;
  readonly bytes: number;
  readonly valid: boolean;
  /** What is wrong with it; null for a valid one. */
  readonly problem: string | null;
  /** Dyadic gates of the largest circuit it serves. */
  readonly largestCircuit: number;
}

/**
 * Every SRS on disk in the places that are looked at, the canonical ones in the order of choice, then the development
 * one. The development SRS is compared as a whole with its SHA-256, others by pairings at random places: half a second.
 */
export async function srsStatus(env: Readonly<Record<string, string | undefined>>): Promise<SrsStatus[]> {
  const list: SrsStatus[] = [];
  for (const folder of [...canonicalPlaces(env), developmentSrsFolder(env)]) {
    const status = await statusOf(folder);
    if (status !== null) list.push(status);
  }
  return list;
}

async function statusOf(folder: string): Promise<SrsStatus | null> {
  let known: Omit<SrsStatus, 'valid' | 'problem'> = { name: null, folder, points: 0, bytes: 0, largestCircuit: 0 };
  try {
    const srs = await readSrsFolder(folder);
    if (srs === null) return null;
    known = { ...srs, largestCircuit: largestCircuit(srs.points) };
    await checkPowers(srs, PAIRING_CHECKS);
    if (srs.name === 'development' && (await hashFile(join(folder, G1_FILE))) !== DEVELOPMENT_G1_SHA256) {
      return { ...known, valid: false, problem: `${G1_FILE} does not have the SHA-256 of the development SRS` };
    }
    return { ...known, valid: true, problem: null };
  } catch (error) {
    return { ...known, valid: false, problem: EspalierError.from(error, 'srs-invalid').message };
  }
}
