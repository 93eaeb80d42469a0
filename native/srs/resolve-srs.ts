import { EspalierError } from '../../common/index.js';
import { canonicalPlaces, expandCompressedFolder, findCanonical } from './canonical-folder.js';
import { developmentSrsFolder, ensureDevelopmentSrs } from './development.js';
import { fetchCanonical } from './fetch-canonical.js';
import { findBb } from './find-bb.js';
import { DEVELOPMENT_POINTS } from './known-srs.js';
import { ensureDevelopmentBb } from './patch-bb.js';
import type { Srs } from './srs.js';
import { readSrsFolder, type SrsFolder } from './srs-folder.js';

/**
 * Which SRS to use. `auto`: the canonical one on disk, else its download, else (loudly) the development one.
 * `canonical` and `development` are that one or an error, and a folder is what it holds or an error.
 */
export type SrsChoice = 'auto' | 'canonical' | 'development' | { readonly folder: string };

/** `step`: what is going on; `done` and `total` count bytes for `download`, points otherwise. */
export type SrsProgress = (step: 'generate' | 'download' | 'expand', done: number, total: number) => void;

export interface ResolveSrsOptions {
  readonly choice: SrsChoice;
  /** The largest circuit's dyadic gates, plus one. */
  readonly pointsNeeded: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether the canonical SRS may be downloaded when it is not on disk. */
  readonly allowDownload: boolean;
  readonly onProgress?: SrsProgress | undefined;
  /** Called once when the development SRS is used, with what that means, and with what else the user must know. */
  readonly onWarning: (text: string) => void;
  readonly signal?: AbortSignal | undefined;
  /** Where to download from; default: where `bb` does. */
  readonly hosts?: readonly string[] | undefined;
  /** Attempts of that download in all; default 6, within about half a minute. */
  readonly downloadAttempts?: number | undefined;
}

export const DEVELOPMENT_WARNING =
  'THE DEVELOPMENT SRS IS IN USE: its secret is published, so anyone can forge proofs made with it. ' +
  'They are for development only, and no verifier with the canonical SRS accepts them';

/**
 * The SRS to prove with, and the `bb` that goes with it.
 *
 * @throws EspalierError `srs-missing`, `srs-invalid` (damaged, unknown or too small), `srs-unsupported` (a `bb` that
 *   cannot be bound to the development SRS), `prover-unavailable` (no `bb`), `disk-full`, `cancelled`.
 */
export async function resolveSrs(options: ResolveSrsOptions): Promise<Srs> {
  const { choice } = options;
  if (typeof choice === 'object') return withBb(await useFolder(choice.folder, options), options);
  if (choice === 'development') return useDevelopment(options);
  const { found, problems } = await findCanonical(options.env, options.pointsNeeded);
  if (found !== null && found.points >= options.pointsNeeded) return withBb(found, options);
  const expanded = await expandFirst(canonicalPlaces(options.env), options);
  if (expanded !== null) return withBb(expanded, options);
  for (const problem of problems) options.onWarning(problem);
  const missing = missingCanonical(found, options.pointsNeeded);
  let reason = missing.message;
  if (options.allowDownload) {
    try {
      return withBb(await download(options), options);
    } catch (error) {
      const fallsBack = choice === 'auto' && error instanceof EspalierError && error.code === 'srs-missing';
      if (!fallsBack) throw error;
      reason = error.message;
    }
  }
  if (choice === 'canonical') throw missing;
  return useDevelopment(options, `${reason}. `);
}

async function useFolder(folder: string, options: ResolveSrsOptions): Promise<SrsFolder> {
  const expanded = await expandFirst([folder], options);
  if (expanded !== null) return expanded;
  const found = await readSrsFolder(folder);
  if (found === null) {
    throw new EspalierError('srs-invalid', `${folder} holds no SRS: there is neither bn254_g1.dat nor bn254_g2.dat`, {
      remedy: 'name the folder that holds them',
    });
  }
  if (found.points < options.pointsNeeded) throw tooSmall(found, options.pointsNeeded);
  if (found.name === 'development') options.onWarning(DEVELOPMENT_WARNING);
  return found;
}

/** The canonical SRS expanded into the cache from the first folder that has it compressed and large enough only. */
async function expandFirst(folders: readonly string[], options: ResolveSrsOptions): Promise<SrsFolder | null> {
  for (const folder of folders) {
    const expanded = await expandCompressedFolder(folder, options.env, options.pointsNeeded, {
      signal: options.signal,
      onProgress: (done, total) => options.onProgress?.('expand', done, total),
    });
    if (expanded !== null) return expanded;
  }
  return null;
}

async function useDevelopment(options: ResolveSrsOptions, reason = ''): Promise<Srs> {
  const { env, signal, onProgress, pointsNeeded } = options;
  if (pointsNeeded > DEVELOPMENT_POINTS) {
    const folder = developmentSrsFolder(env);
    throw tooSmall({ name: 'development', folder, points: DEVELOPMENT_POINTS }, pointsNeeded);
  }
  options.onWarning(`${reason}${DEVELOPMENT_WARNING}`);
  const folder = await ensureDevelopmentSrs(env, {
    signal,
    onProgress: (done, total) => onProgress?.('generate', done, total),
  });
  return withBb({ name: 'development', folder, points: DEVELOPMENT_POINTS }, options);
}

async function withBb(srs: Pick<SrsFolder, 'name' | 'folder' | 'points'>, options: ResolveSrsOptions): Promise<Srs> {
  const { name, folder, points } = srs;
  const bbPath = name === 'development' ? await ensureDevelopmentBb(options.env) : findBb(options.env);
  return { name, folder, points, bbPath };
}

function download(options: ResolveSrsOptions): Promise<SrsFolder> {
  // A handful of points more than the power of two are all the same to the server; a later, larger circuit is not.
  return fetchCanonical(options.env, {
    points: Math.max(options.pointsNeeded, DEVELOPMENT_POINTS),
    onProgress: options.onProgress,
    signal: options.signal,
    hosts: options.hosts,
    attempts: options.downloadAttempts,
  });
}

function missingCanonical(found: SrsFolder | null, pointsNeeded: number): EspalierError {
  if (found !== null) return tooSmall(found, pointsNeeded);
  return new EspalierError('srs-missing', 'the canonical SRS is not on this machine', {
    remedy: 'run `espalier srs fetch`, name a folder that holds it with `--srs DIR`, or use `--srs dev`',
  });
}

function tooSmall(srs: Pick<SrsFolder, 'name' | 'folder' | 'points'>, pointsNeeded: number): EspalierError {
  return new EspalierError(
    'srs-missing',
    `the ${srs.name} SRS in ${srs.folder} has ${srs.points} points, and ${pointsNeeded} are needed`,
    { remedy: 'run `espalier srs fetch`, or use `--srs dev`' },
  );
}
