import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tempFolder } from '../../tests/support/temp-folder.js';
import { findBb } from './find-bb.js';
import { readSrsFolder } from './srs-folder.js';
import { verifierSrs } from './verifier-srs.js';

test.each(['canonical', 'development'] as const)('makes a %s SRS of two points, and mends it', async (name) => {
  const env = { ESPALIER_CACHE: await tempFolder() };
  const srs = await verifierSrs(name, env);
  expect(srs).toMatchObject({ name, points: 2 });
  expect(srs.bbPath === findBb({})).toBe(name === 'canonical');
  expect(await readSrsFolder(srs.folder)).toEqual({ name, folder: srs.folder, points: 2, bytes: 128 });
  await writeFile(join(srs.folder, 'bn254_g1.dat'), 'half');
  expect(await verifierSrs(name, env)).toEqual(srs);
  expect(await readSrsFolder(srs.folder)).toMatchObject({ points: 2 });
  expect((await readdir(srs.folder)).sort()).toEqual(['bn254_g1.dat', 'bn254_g2.dat']);
});
