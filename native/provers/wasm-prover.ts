import { existsSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Barretenberg } from '@aztec/bb.js';
import { EspalierError, packageRoot } from '../../common/index.js';
import type { Srs } from '../srs/srs.js';
import { BarretenbergProver } from './barretenberg-prover.js';
import { proverUnavailable } from './prover-failure.js';
import { srsPointsFile } from './srs-points.js';

const POINT_BYTES = 64;
/** Threads that Barretenberg's WASM starts at most. */
const WASM_THREADS_MAX = 32;

/**
 * Proves with Barretenberg in WASM, in Node processes of their own, so that ending one frees its memory. About four
 * times slower than native, and bounded by WASM's 4 GiB.
 *
 * Rejects with `srs-unsupported` for any but the canonical SRS, and with `prover-unavailable` without the compiled host.
 */
export async function createWasmProver(srs: Srs): Promise<BarretenbergProver> {
  if (srs.name !== 'canonical') {
    const why = `the WASM prover works with the canonical SRS only (it pins its points), not with the ${srs.name} one`;
    throw new EspalierError('srs-unsupported', why, {
      remedy: 'get the canonical one with `espalier srs fetch`, or use the native prover',
    });
  }
  const host = join(packageRoot(import.meta.url), 'dist', 'native', 'provers', 'wasm-host.js');
  if (!existsSync(host)) throw proverUnavailable(host, 'it is not built (npm run build)');
  return new BarretenbergProver({
    identity: { kind: 'wasm', version: await bbJsVersion(), srs: srs.name },
    srs,
    launch: ({ threads }) => ({
      command: process.execPath,
      args: [host, String(Math.min(threads, WASM_THREADS_MAX))],
      env: { ...process.env, NODE_OPTIONS: undefined },
    }),
    prepare: (api, { points }) => loadPoints(api, srs, points),
    // A second call to `srsInitSrs` is ignored, so a process has the points it was started with for good.
    serves: (created, need) => created.points >= need.points,
  });
}

async function loadPoints(api: Barretenberg, srs: Srs, points: number): Promise<void> {
  if (points === 0) return;
  const pointsBuf = await readStart(srsPointsFile(srs), points * POINT_BYTES);
  const g2Point = Uint8Array.from(await readFile(join(srs.folder, 'bn254_g2.dat')));
  await api.srsInitSrs({ pointsBuf, numPoints: points, g2Point });
}

async function readStart(file: string, bytes: number): Promise<Uint8Array> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(new Uint8Array(bytes), 0, bytes, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

async function bbJsVersion(): Promise<string> {
  let folder = dirname(createRequire(import.meta.url).resolve('@aztec/bb.js'));
  // Folders of builds inside the package have manifests of their own, without a version.
  for (;;) {
    const manifest = await readFile(join(folder, 'package.json'), 'utf8').catch(() => '{}');
    const { name, version } = JSON.parse(manifest) as { name?: string; version?: string };
    if (name === '@aztec/bb.js' && version !== undefined) return version;
    if (dirname(folder) === folder) throw proverUnavailable('@aztec/bb.js', 'its package.json was not found');
    folder = dirname(folder);
  }
}
