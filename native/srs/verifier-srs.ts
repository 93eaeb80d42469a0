import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder, EspalierError, makeFolder, sweepFolder, writeFileAtomically } from '../../common/index.js';
import { SRS_POINT_BYTES } from './comb/fixed-base-comb.js';
import { findBb } from './find-bb.js';
import { FIRST_G1 } from './known-srs.js';
import { ensureDevelopmentBb } from './patch-bb.js';
import type { Srs } from './srs.js';
import { fingerprintOf, G1_FILE, G2_FILE, type SrsFolder } from './srs-folder.js';

/**
 * An SRS to verify with, and for nothing else: the points that `bb` looks at then are known here, so that nothing is
 * downloaded or generated. It lies in the cache.
 *
 * @throws EspalierError as `resolveSrs` does for the `bb` that goes with it; `disk-full`.
 */
export async function verifierSrs(
  name: SrsFolder['name'],
  env: Readonly<Record<string, string | undefined>>,
): Promise<Srs> {
  const { secondG1, g2 } = fingerprintOf(name);
  const folder = join(cacheFolder(env), 'srs', `${name}-verifier`);
  const g1 = Buffer.concat([FIRST_G1, secondG1]);
  try {
    await makeFolder(folder);
    await sweepFolder(folder);
    for (const [file, content] of [
      [G1_FILE, g1],
      [G2_FILE, Buffer.from(g2)],
    ] as const) {
      const path = join(folder, file);
      const present = await readFile(path).catch(() => null);
      if (present?.equals(content) !== true) await writeFileAtomically(path, content);
    }
  } catch (error) {
    throw EspalierError.from(error);
  }
  const bbPath = name === 'development' ? await ensureDevelopmentBb(env) : findBb(env);
  return { name, folder, points: g1.length / SRS_POINT_BYTES, bbPath };
}
