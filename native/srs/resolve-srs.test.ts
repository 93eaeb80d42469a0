import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { expectCode } from '../../tests/support/expect-code.js';
import { serveFile } from '../../tests/support/file-server.js';
import { buildPart } from '../../tests/support/fixture.js';
import { tempFolder } from '../../tests/support/temp-folder.js';
import { findBb } from './find-bb.js';
import { CANONICAL, DEVELOPMENT, DEVELOPMENT_POINTS, FIRST_G1 } from './known-srs.js';
import { DEVELOPMENT_WARNING, type ResolveSrsOptions, resolveSrs } from './resolve-srs.js';
import type { Srs } from './srs.js';

type Env = Record<string, string>;

async function freshEnv(): Promise<Env> {
  const folder = await tempFolder();
  return { HOME: join(folder, 'home'), ESPALIER_CACHE: join(folder, 'cache') };
}

/** The smallest SRS there is: two points, for a circuit of one gate. */
async function putSrs(folder: string, known = CANONICAL): Promise<string> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'bn254_g1.dat'), Buffer.concat([FIRST_G1, known.secondG1]));
  await writeFile(join(folder, 'bn254_g2.dat'), known.g2);
  return folder;
}

async function resolve(options: Partial<ResolveSrsOptions> & { env: Env }): Promise<{ srs: Srs; warnings: string[] }> {
  const warnings: string[] = [];
  const onWarning = (text: string): void => void warnings.push(text);
  const defaults = { choice: 'canonical', pointsNeeded: 2, allowDownload: false, onWarning } as const;
  return { srs: await resolveSrs({ ...defaults, ...options }), warnings };
}

// Points are expanded by compiled code in worker threads.
beforeAll(() => buildPart('native'));

describe('resolveSrs', () => {
  test('takes the canonical SRS from the first place that has enough of it, with the unmodified bb', async () => {
    const env = await freshEnv();
    const places = {
      cache: await putSrs(join(env['ESPALIER_CACHE'] ?? '', 'srs', 'canonical')),
      home: await putSrs(join(env['HOME'] ?? '', '.bb-crs')),
      crsPath: await putSrs(join(await tempFolder(), 'crs')),
      named: await putSrs(join(await tempFolder(), 'named')),
    };
    const folderOf = async (more: Env, choice: 'auto' | 'canonical' = 'auto'): Promise<string> => {
      const { srs, warnings } = await resolve({ choice, env: { ...env, ...more } });
      expect(srs).toMatchObject({ name: 'canonical', points: 2, bbPath: findBb({}) });
      expect(warnings).toEqual([]);
      return srs.folder;
    };
    expect(await folderOf({ ESPALIER_CANONICAL_SRS: places.named, CRS_PATH: places.crsPath })).toBe(places.named);
    expect(await folderOf({ CRS_PATH: places.crsPath }, 'canonical')).toBe(places.crsPath);
    expect(await folderOf({})).toBe(places.home);
    expect(await folderOf({ HOME: '/absent' })).toBe(places.cache);
    // A development SRS in one of these places is passed over.
    const development = await putSrs(join(await tempFolder(), 'dev'), DEVELOPMENT);
    expect(await folderOf({ CRS_PATH: development })).toBe(places.home);
  });

  test('says which canonical SRS is too small, and by how much', async () => {
    const env = await freshEnv();
    const folder = await putSrs(join(env['HOME'] ?? '', '.bb-crs'));
    const error = await expectCode(resolve({ env, pointsNeeded: 1_025 }), 'srs-missing', /has 2 points, and 1025 are/);
    expect(error.message).toContain(folder);
    expect(error.remedy).toMatch(/espalier srs fetch/);
  });

  test('never falls back from canonical', async () => {
    const env = await freshEnv();
    await expectCode(resolve({ env }), 'srs-missing', /not on this machine/);
    const { host } = await serveFile('g1_compressed.dat', new Uint8Array(), { status: 410 });
    const download = resolve({ env, allowDownload: true, hosts: [host], downloadAttempts: 1 });
    await expectCode(download, 'srs-missing', /could not be downloaded .* 410/);
  });

  test('uses the folder that was named, whatever it holds, or says why not', async () => {
    const env = await freshEnv();
    const canonical = await putSrs(join(await tempFolder(), 'a'));
    const { srs } = await resolve({ env, choice: { folder: canonical } });
    expect(srs).toEqual({ name: 'canonical', folder: canonical, points: 2, bbPath: findBb({}) });

    const development = await putSrs(join(await tempFolder(), 'b'), DEVELOPMENT);
    const { srs: dev, warnings } = await resolve({ env, choice: { folder: development } });
    expect(dev).toMatchObject({ name: 'development', folder: development });
    expect(dev.bbPath).toContain('-development');
    expect(warnings).toEqual([DEVELOPMENT_WARNING]);

    await expectCode(resolve({ env, choice: { folder: '/absent' } }), 'srs-invalid', /\/absent holds no SRS/);
    await expectCode(
      resolve({ env, choice: { folder: canonical }, pointsNeeded: 3 }),
      'srs-missing',
      /2 points, and 3/,
    );
    await writeFile(join(canonical, 'bn254_g2.dat'), new Uint8Array(128));
    await expectCode(resolve({ env, choice: { folder: canonical } }), 'srs-invalid', /neither the canonical/);
  });

  test('expands into the cache what bb keeps compressed', async () => {
    const env = await freshEnv();
    const folder = await putSrs(join(env['HOME'] ?? '', '.bb-crs'));
    const compressed = Buffer.concat([FIRST_G1.subarray(0, 32), CANONICAL.secondG1.subarray(0, 32)]);
    await writeFile(join(folder, 'bn254_g1.dat'), FIRST_G1);
    await writeFile(join(folder, 'bn254_g1_compressed.dat'), compressed);
    const { srs, warnings } = await resolve({ env });
    expect(srs).toMatchObject({
      name: 'canonical',
      points: 2,
      folder: join(env['ESPALIER_CACHE'] ?? '', 'srs/canonical'),
    });
    expect(warnings).toEqual([]);
  });

  test('has no development SRS for circuits beyond its size', async () => {
    const options = { env: await freshEnv(), pointsNeeded: DEVELOPMENT_POINTS + 1 };
    await expectCode(resolve({ ...options, choice: 'development' }), 'srs-missing', /2097153 points, and 2097154/);
    await expectCode(resolve({ ...options, choice: 'auto' }), 'srs-missing', /development SRS .* 2097153 points/);
  });
});
