import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EspalierError, isRunning } from '../../common/index.js';
import { fetchedSrsFolder, installCompressed } from './canonical-folder.js';
import { COMPRESSED_POINT_BYTES } from './comb/point-expander.js';
import { downloadRange } from './download-range.js';
import { DEFAULT_POINTS } from './known-srs.js';
import type { PointsPoolOptions } from './points-pool.js';
import type { SrsFolder } from './srs-folder.js';

/** Where `bb` and `@aztec/bb.js` download from (its `net_crs.js`): the first, or where that fails the second. */
export const CANONICAL_HOSTS = ['https://crs.aztec-cdn.foundation', 'https://crs.aztec-labs.com'] as const;
const REMOTE_FILE = 'g1_compressed.dat';

export interface FetchOptions extends PointsPoolOptions {
  /** Default: enough for circuits of 2^21 gates, 67 MB to download and 134 MB on disk. */
  readonly points?: number | undefined;
  /** Tried in turn; default `ESPALIER_SRS_HOSTS` (mirrors, separated by commas), else `CANONICAL_HOSTS`. */
  readonly hosts?: readonly string[] | undefined;
  /** `download` counts bytes, `expand` points. */
  readonly onProgress?: ((step: 'download' | 'expand', done: number, total: number) => void) | undefined;
  readonly idleTimeoutMs?: number | undefined;
  readonly attempts?: number | undefined;
  readonly retryDelayMs?: number | undefined;
}

/**
 * Downloads the canonical SRS into the cache, expands it and checks it. Goes on where an earlier call was stopped.
 *
 * @throws EspalierError `srs-missing` without a network, `srs-invalid` when something else came than the SRS,
 *   `folder-busy` while another process fetches it, `disk-full`, `cancelled`.
 */
export async function fetchCanonical(
  env: Readonly<Record<string, string | undefined>>,
  options: FetchOptions = {},
): Promise<SrsFolder> {
  const folder = fetchedSrsFolder(env);
  const points = options.points ?? DEFAULT_POINTS;
  try {
    await mkdir(folder, { recursive: true });
    return await withLock(join(folder, 'fetch.lock'), () =>
      fetchInto(folder, points, { ...options, hosts: options.hosts ?? hostsOf(env) }),
    );
  } catch (error) {
    throw EspalierError.from(error);
  }
}

/** A mirror need not be trusted: what comes is checked. */
function hostsOf(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  const named = (env['ESPALIER_SRS_HOSTS'] ?? '').split(',').map((host) => host.trim().replace(/\/+$/, ''));
  const hosts = named.filter((host) => host !== '');
  return hosts.length === 0 ? CANONICAL_HOSTS : hosts;
}

type FetchPlan = FetchOptions & { readonly hosts: readonly string[] };

async function fetchInto(folder: string, points: number, options: FetchPlan): Promise<SrsFolder> {
  const partial = join(folder, `${REMOTE_FILE}.part`);
  const { onProgress } = options;
  await downloadRange({
    urls: options.hosts.map((host) => `${host}/${REMOTE_FILE}`),
    bytes: points * COMPRESSED_POINT_BYTES,
    path: partial,
    idleTimeoutMs: options.idleTimeoutMs ?? 30_000,
    attempts: options.attempts ?? 6,
    retryDelayMs: options.retryDelayMs ?? 1_000,
    onProgress: (done, total) => onProgress?.('download', done, total),
    signal: options.signal,
  });
  try {
    const srs = await installCompressed(partial, folder, points, {
      ...options,
      onProgress: (done, total) => onProgress?.('expand', done, total),
    });
    await rm(partial, { force: true });
    return srs;
  } catch (error) {
    // Nothing of a wrong download is kept, or the next attempt would start from it.
    if (error instanceof EspalierError && error.code === 'srs-invalid') await rm(partial, { force: true });
    throw error;
  }
}

async function withLock<T>(path: string, action: () => Promise<T>): Promise<T> {
  const owner = Number(await readFile(path, 'utf8').catch(() => ''));
  if (owner > 0 && !isRunning({ pid: owner, startedAt: '' })) await rm(path, { force: true });
  try {
    await writeFile(path, String(process.pid), { flag: 'wx' });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
    throw new EspalierError('folder-busy', `another process (${owner || 'unknown'}) fetches the SRS: ${path}`, {
      cause,
      remedy: 'wait until it is done, or remove that file if no such process exists',
    });
  }
  try {
    return await action();
  } finally {
    await rm(path, { force: true });
  }
}
