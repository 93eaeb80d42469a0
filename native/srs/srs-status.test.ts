import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tempFolder } from '../../tests/support/temp-folder.js';
import { CANONICAL, DEVELOPMENT, FIRST_G1 } from './known-srs.js';
import { srsStatus } from './srs-status.js';

test('lists what is on disk, with what is wrong with it', async () => {
  const folder = await tempFolder();
  const env = { HOME: folder, ESPALIER_CACHE: join(folder, 'cache'), CRS_PATH: join(folder, 'crs') };
  expect(await srsStatus(env)).toEqual([]);

  const put = async (place: string, g1: Uint8Array[], g2: Uint8Array): Promise<string> => {
    await mkdir(join(folder, place), { recursive: true });
    await writeFile(join(folder, place, 'bn254_g1.dat'), Buffer.concat(g1));
    await writeFile(join(folder, place, 'bn254_g2.dat'), g2);
    return join(folder, place);
  };
  const good = await put('crs', [FIRST_G1, CANONICAL.secondG1], CANONICAL.g2);
  const torn = await put('.bb-crs', [FIRST_G1, CANONICAL.secondG1.subarray(1)], CANONICAL.g2);
  // Good points, but not all of them: only the hash tells.
  const short = await put('cache/srs/development', [FIRST_G1, DEVELOPMENT.secondG1], DEVELOPMENT.g2);
  const sizes = { points: 2, bytes: 128, largestCircuit: 1 };
  expect(await srsStatus(env)).toEqual([
    { name: 'canonical', folder: good, ...sizes, valid: true, problem: null },
    expect.objectContaining({ name: null, folder: torn, valid: false, problem: expect.stringContaining('127 bytes') }),
    { name: 'development', folder: short, ...sizes, valid: false, problem: expect.stringContaining('SHA-256') },
  ]);
});
