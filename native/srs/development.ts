import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, EspalierError, makeFolder, sweepFolder, writeFileAtomically } from '../../common/index.js';
import { BATCH_POINTS_MAX, GROUP_ORDER, SRS_POINT_BYTES } from './comb/fixed-base-comb.js';
import { DEVELOPMENT, DEVELOPMENT_G1_SHA256, DEVELOPMENT_POINTS, developmentTau } from './known-srs.js';
import { createPointsPool, type PointsPoolOptions } from './points-pool.js';
import { G1_FILE, G2_FILE, readSrsFolder } from './srs-folder.js';

/** Points done so far, of how many. */
export type OnProgress = (done: number, total: number) => void;

export interface DevelopmentSrsOptions extends PointsPoolOptions {
  readonly onProgress?: OnProgress | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

export function developmentSrsFolder(env: Environment): string {
  return join(cacheFolder(env), 'srs', 'development');
}

/**
 * The folder of the development SRS, which is made first if it is not there or is damaged: 27 s of processor
 * time, shared by the cores; 134 MB. Any number of processes may do this at once; they all write the same bytes.
 */
export async function ensureDevelopmentSrs(env: Environment, options: DevelopmentSrsOptions = {}): Promise<string> {
  const folder = developmentSrsFolder(env);
  if (await isWhole(folder)) return folder;
  try {
    await makeFolder(folder);
    await sweepFolder(folder);
    await writeDevelopmentPoints(join(folder, G1_FILE), DEVELOPMENT_POINTS, DEVELOPMENT_G1_SHA256, options);
    await writeFileAtomically(join(folder, G2_FILE), DEVELOPMENT.g2);
  } catch (error) {
    throw EspalierError.from(error);
  }
  return folder;
}

async function isWhole(folder: string): Promise<boolean> {
  try {
    const found = await readSrsFolder(folder);
    return found?.name === 'development' && found.points === DEVELOPMENT_POINTS;
  } catch (error) {
    // Damaged: made again. Anything else (no permission to read, say) would stop the making too.
    if (error instanceof EspalierError && error.code === 'srs-invalid') return false;
    throw error;
  }
}

/** Writes the first `points` powers of tau times G to `path`, and compares what was written with `sha256`. */
export async function writeDevelopmentPoints(
  path: string,
  points: number,
  sha256: string,
  options: DevelopmentSrsOptions = {},
): Promise<void> {
  const tau = developmentTau();
  const pool = createPointsPool(options);
  let done = 0;
  try {
    await writeFileAtomically(path, async (file) => {
      const writeBatch = async (start: number): Promise<void> => {
        const count = Math.min(BATCH_POINTS_MAX, points - start);
        const bytes = await pool.multiples({ first: power(tau, start), ratio: tau, count });
        await file.write(bytes, 0, bytes.length, start * SRS_POINT_BYTES);
        done += count;
        options.onProgress?.(done, points);
      };
      const starts = Array.from({ length: Math.ceil(points / BATCH_POINTS_MAX) }, (_, i) => i * BATCH_POINTS_MAX);
      await Promise.all(starts.map(writeBatch));
      const written = await hashStream(file.createReadStream({ start: 0, autoClose: false }));
      if (written !== sha256) {
        throw new EspalierError('internal', `the development SRS came out as ${written} instead of ${sha256}`);
      }
    });
  } finally {
    await pool.stop();
  }
}

/** SHA-256 of a file, in hex. */
export function hashFile(path: string): Promise<string> {
  return hashStream(createReadStream(path, { highWaterMark: 1 << 20 }));
}

async function hashStream(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of stream) hash.update(chunk);
  return hash.digest('hex');
}

function power(base: bigint, exponent: number): bigint {
  let [result, square] = [1n, base];
  for (let rest = BigInt(exponent); rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % GROUP_ORDER;
    square = (square * square) % GROUP_ORDER;
  }
  return result;
}
