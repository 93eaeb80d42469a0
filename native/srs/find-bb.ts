import { existsSync } from 'node:fs';
import { findBbBinary } from '@aztec/bb.js/platform';
import { EspalierError } from '../../common/index.js';

/**
 * The unmodified `bb`: `ESPALIER_BB`, else the one that `@aztec/bb.js` ships for this machine.
 *
 * @throws EspalierError `prover-unavailable` where there is none.
 */
export function findBb(env: Readonly<Record<string, string | undefined>>): string {
  const named = env['ESPALIER_BB'];
  if (named) {
    if (existsSync(named)) return named;
    throw new EspalierError('prover-unavailable', `ESPALIER_BB names ${named}, which does not exist`, {
      remedy: 'correct or unset ESPALIER_BB',
    });
  }
  const found = findBbBinary();
  if (found !== null) return found;
  throw new EspalierError(
    'prover-unavailable',
    `@aztec/bb.js ships no bb binary for ${process.platform} on ${process.arch}`,
    { remedy: 'run on Linux or macOS, x64 or arm64, or name a bb binary in ESPALIER_BB' },
  );
}
