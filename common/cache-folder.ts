import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Where what can be made again is kept: `ESPALIER_CACHE`, else `$XDG_CACHE_HOME/espalier`, else `~/.cache/espalier`.
 * Sub-folders: `circuits/` (compiled circuits), `srs/` (development SRS), `bb/` (binaries bound to it), `keys/`.
 */
export function cacheFolder(env: Readonly<Record<string, string | undefined>>): string {
  if (env['ESPALIER_CACHE']) return env['ESPALIER_CACHE'];
  return join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'espalier');
}
