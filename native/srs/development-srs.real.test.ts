import { execFile } from 'node:child_process';
import { copyFile, mkdir, readFile, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { buildPart } from '../../tests/support/fixture.js';
import { iteratedSquares } from '../../tests/support/proving-kit.js';
import { tempFolder } from '../../tests/support/temp-folder.js';
import { developmentSrsFolder, ensureDevelopmentSrs } from './development.js';
import { findBb } from './find-bb.js';
import { DEVELOPMENT_POINTS } from './known-srs.js';
import { DEVELOPMENT_WARNING, resolveSrs } from './resolve-srs.js';
import type { Srs } from './srs.js';
import { srsStatus } from './srs-status.js';

const TARGET = ['-t', 'noir-recursive-no-zk'];

interface ProvenFiles {
  readonly proof: string;
  readonly key: string;
  readonly publicInputs: string;
}

/** The command line itself, so that nothing of Espalier stands between the SRS and `bb`. */
async function proveWith(srs: Srs, iterations: number): Promise<ProvenFiles> {
  const folder = await tempFolder();
  const { circuit, witness } = await iteratedSquares(iterations);
  await writeFile(join(folder, 'circuit.json'), JSON.stringify(circuit.artifact));
  await writeFile(join(folder, 'witness.gz'), gzipSync(witness));
  const args = ['-b', join(folder, 'circuit.json'), '-w', join(folder, 'witness.gz'), '-o', folder, '--write_vk'];
  await promisify(execFile)(srs.bbPath, ['prove', ...TARGET, ...args], { env: { CRS_PATH: srs.folder } });
  return { proof: join(folder, 'proof'), key: join(folder, 'vk'), publicInputs: join(folder, 'public_inputs') };
}

async function verifies(bbPath: string, folder: string, files: ProvenFiles): Promise<boolean> {
  const args = ['verify', ...TARGET, '-p', files.proof, '-k', files.key, '-i', files.publicInputs];
  const run = promisify(execFile)(bbPath, args, { env: { CRS_PATH: folder } });
  return run.then(
    () => true,
    (error: { stderr: string; stdout: string }) => {
      // Any other failure than this one would say nothing about the proof.
      expect(`${error.stdout}${error.stderr}`).toMatch(/verification failed/i);
      return false;
    },
  );
}

describe('the development SRS', () => {
  let srs: Srs;
  beforeAll(async () => {
    buildPart('native');
    srs = await resolveSrs({
      choice: 'development',
      pointsNeeded: DEVELOPMENT_POINTS,
      env: process.env,
      allowDownload: false,
      onWarning: () => undefined,
    });
  });

  test('proves circuits of 2^9 and of 2^17 gates, which the patched bb accepts and the unmodified one does not', async () => {
    for (const iterations of [300, 90_000]) {
      const files = await proveWith(srs, iterations);
      expect(await verifies(srs.bbPath, srs.folder, files)).toBe(true);
      expect(await verifies(findBb(process.env), srs.folder, files)).toBe(false);

      const proof = await readFile(files.proof);
      // The lowest bit of a field in the middle: an evaluation, not a coordinate of a point.
      const middle = 32 * Math.floor(proof.length / 64) + 31;
      proof.writeUInt8(proof.readUInt8(middle) ^ 1, middle);
      await writeFile(files.proof, proof);
      expect(await verifies(srs.bbPath, srs.folder, files)).toBe(false);
    }
  });

  test('is fallen back to, with one loud warning, where there is no canonical one', async () => {
    const folder = await tempFolder();
    await mkdir(join(folder, 'srs'));
    await symlink(srs.folder, join(folder, 'srs', 'development'));
    const warnings: string[] = [];
    const found = await resolveSrs({
      choice: 'auto',
      pointsNeeded: DEVELOPMENT_POINTS,
      env: { HOME: folder, ESPALIER_CACHE: folder },
      allowDownload: false,
      onWarning: (text) => void warnings.push(text),
    });
    expect(found).toMatchObject({ name: 'development', points: DEVELOPMENT_POINTS });
    expect(warnings).toEqual([`the canonical SRS is not on this machine. ${DEVELOPMENT_WARNING}`]);
  });

  test('is made, and where it was cut short it is made again', async () => {
    const env = { HOME: await tempFolder(), ESPALIER_CACHE: await tempFolder() };
    const folder = developmentSrsFolder(env);
    await mkdir(folder, { recursive: true });
    for (const file of ['bn254_g1.dat', 'bn254_g2.dat']) await copyFile(join(srs.folder, file), join(folder, file));
    await truncate(join(folder, 'bn254_g1.dat'), 64 * 1_000_000);
    const progress: number[] = [];
    const onProgress = (done: number): void => void progress.push(done);
    expect(await ensureDevelopmentSrs(env, { onProgress })).toBe(folder);
    expect(progress.at(-1)).toBe(DEVELOPMENT_POINTS);
    const whole = { name: 'development', points: DEVELOPMENT_POINTS, valid: true, largestCircuit: 2 ** 21 };
    expect(await srsStatus(env)).toMatchObject([whole]);

    progress.length = 0;
    await ensureDevelopmentSrs(env, { onProgress });
    expect(progress).toEqual([]);
  });
});
