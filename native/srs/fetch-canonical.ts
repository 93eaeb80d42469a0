import { mkdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { EspalierError, FolderLock } from '../../common/index.js';
import { fetchedSrsFolder, installCompressed, PAIRING_CHECKS } from './canonical-folder.js';
import { COMPRESSED_POINT_BYTES } from './comb/point-expander.js';
import { downloadRange } from './download-range.js';
import { DEFAULT_POINTS } from './known-srs.js';
import type { PointsPoolOptions } from './points-pool.js';
import { checkPowers, readSrsFolder, type SrsFolder } from './srs-folder.js';

/** Where `bb` and `@aztec/bb.js` download from (its `net_crs.js`): the first, or where that fails the second. */
export const CANONICAL_HOSTS = ['https://crs.aztec-cdn.foundation', 'https://crs.aztec-labs.com'] as const;
const REMOTE_FILE = 'g1_compressed.dat';
const PARTIAL_FILE = `${REMOTE_FILE}.part`;
/** Expanding what has come takes less. */
const WAIT_MAX_MS = 3 * 60_000;
const POLL_MS = 200;
const LOCK_REMEDY = 'another process fetches the SRS: wait until it is done';

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
  /**
   * How long to wait for another process that fetches already, and of which nothing more comes. One in another container
   * or on another machine counts as gone after that: of a container that was killed nobody hears but by its silence.
   */
  readonly waitMaxMs?: number | undefined;
}

/**
 * Downloads the canonical SRS into the cache, expands it and checks it; one that is there and good is kept, so this may
 * be an init step of every start. Goes on where an earlier call was stopped, and waits while another process does the
 * same, to use what that one has fetched.
 *
 * @throws EspalierError `srs-missing` without a network, `srs-invalid` when something else came than the SRS,
 *   `folder-busy` when another process does not come to an end with it, `disk-full`, `cancelled`.
 */
export async function fetchCanonical(
  env: Readonly<Record<string, string | undefined>>,
  options: FetchOptions = {},
): Promise<SrsFolder> {
  const folder = fetchedSrsFolder(env);
  const points = options.points ?? DEFAULT_POINTS;
  try {
    await mkdir(folder, { recursive: true });
    // Before the lock, which a container that was killed may have left on a volume that others share.
    const before = await whatIsThere(folder, points);
    if (before !== null) return before;
    const { lock, hasWaited } = await lockOrWait(folder, points, options);
    try {
      const found = hasWaited ? await whatIsThere(folder, points) : null;
      return found ?? (await fetchInto(folder, points, { ...options, hosts: options.hosts ?? hostsOf(env) }));
    } finally {
      await lock.release();
    }
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
  const partial = join(folder, PARTIAL_FILE);
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

/**
 * The lock of the folder above (this one holds what `bb` knows and nothing else), once whoever else fetches is done;
 * `hasWaited` tells whether that took waiting.
 */
async function lockOrWait(
  folder: string,
  points: number,
  { onProgress, signal, waitMaxMs = WAIT_MAX_MS }: FetchOptions,
): Promise<{ readonly lock: FolderLock; readonly hasWaited: boolean }> {
  let deadlineMs = performance.now() + waitMaxMs;
  let before = { done: 0, holder: '' };
  for (let hasWaited = false; ; hasWaited = true) {
    const isOver = performance.now() >= deadlineMs;
    let holder: string;
    try {
      const lock = await FolderLock.acquire(dirname(folder), { remedy: LOCK_REMEDY, isElsewhereGone: isOver });
      return { lock, hasWaited };
    } catch (error) {
      const isBusy = error instanceof EspalierError && error.code === 'folder-busy';
      if (!isBusy || isOver) throw error;
      // The message names it.
      holder = error.message;
    }
    // How far the other one is.
    const done = await stat(join(folder, PARTIAL_FILE)).then(
      ({ size }) => size,
      () => 0,
    );
    if (done !== before.done || holder !== before.holder) deadlineMs = performance.now() + waitMaxMs;
    before = { done, holder };
    onProgress?.('download', done, points * COMPRESSED_POINT_BYTES);
    await setTimeout(POLL_MS, undefined, { signal });
  }
}

/** The SRS that has been fetched already, if it is what is wanted and sound. */
async function whatIsThere(folder: string, points: number): Promise<SrsFolder | null> {
  const found = await readSrsFolder(folder).catch(() => null);
  if (found?.name !== 'canonical' || found.points < points) return null;
  return checkPowers(found, PAIRING_CHECKS).then(
    () => found,
    () => null,
  );
}
