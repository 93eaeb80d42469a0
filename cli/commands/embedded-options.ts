import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EspalierError } from '../../common/index.js';
import type { CliContext } from '../context.js';
import type { RawClusterOptions } from './cluster-options.js';

/** Where `--embedded` keeps what is to outlive it, unless `--store` says otherwise. */
export const EMBEDDED_FOLDER_DEFAULT = '.espalier';

/** The folder of an embedded orchestrator: a path, or a URL that begins with `file:`. Throws `usage` for any other store. */
export function parseEmbeddedFolder({ store }: RawClusterOptions, { cwd }: Pick<CliContext, 'cwd'>): string {
  const given = store ?? EMBEDDED_FOLDER_DEFAULT;
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(given)?.[1]?.toLowerCase();
  // A shell replaces it, but not within quotes or after an equals sign.
  if (scheme === undefined && given !== '' && !/^~(\/|$)/.test(given)) return resolve(cwd, given);
  try {
    if (scheme === 'file') return fileURLToPath(given);
  } catch {
    // Of another host, or not encoded well: told below.
  }
  // It is not shown: the URL of a Redis may hold a password.
  throw new EspalierError('usage', '--store names no folder, and an embedded orchestrator keeps all it has in one', {
    remedy: `give a path, as in --store ${EMBEDDED_FOLDER_DEFAULT}, or leave out --embedded`,
  });
}
