import { statSync } from 'node:fs';
import { join } from 'node:path';
import { EspalierError } from '../../common/index.js';
import type { CompiledCircuit } from '../../proto/index.js';
import type { Srs } from '../srs/srs.js';
import { pointsNeeded } from './proof-format.js';

const POINT_BYTES = 64;

export function srsPointsFile(srs: Srs): string {
  return join(srs.folder, 'bn254_g1.dat');
}

/**
 * Points that a circuit of this size takes, checked against what the SRS holds on disk now. This must come before every
 * call that may need them: `bb` answers a file that is too short by downloading the canonical SRS over it.
 *
 * Throws `srs-missing` without the file, `srs-invalid` where it is too short.
 */
export function requirePoints(srs: Srs, circuit: CompiledCircuit, dyadicGates: number): number {
  const needed = pointsNeeded(dyadicGates, circuit.spec.target);
  const available = Math.min(srs.points, pointsOnDisk(srs));
  if (available >= needed) return needed;
  const what = `${circuit.spec.name} needs an SRS of ${needed} points`;
  throw new EspalierError('srs-invalid', `${what}, and the ${srs.name} one in ${srs.folder} has ${available}`, {
    remedy: 'get a larger one with `espalier srs fetch`, or use the development one with `--srs dev`',
  });
}

function pointsOnDisk(srs: Srs): number {
  const file = srsPointsFile(srs);
  try {
    return Math.floor(statSync(file).size / POINT_BYTES);
  } catch (cause) {
    throw new EspalierError('srs-missing', `there is no SRS at ${file}`, {
      cause,
      remedy: 'run `espalier srs status`',
    });
  }
}
