import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { FolderLock, packageRoot } from '../../common/index.js';
import { expectCode } from '../../tests/support/expect-code.js';
import { serveFile } from '../../tests/support/file-server.js';
import { buildPart } from '../../tests/support/fixture.js';
import { tempFolder } from '../../tests/support/temp-folder.js';
import { generatorMultiple } from './bn254.js';
import { fetchedSrsFolder } from './canonical-folder.js';
import { fetchCanonical } from './fetch-canonical.js';
import { CANONICAL, FIRST_G1 } from './known-srs.js';

function compress(points: Uint8Array): Buffer {
  const compressed = Buffer.alloc(points.length / 2);
  for (let i = 0; i < points.length / 64; i++) {
    compressed.set(points.subarray(64 * i, 64 * i + 32), 32 * i);
    compressed[32 * i] = (compressed[32 * i] ?? 0) | (((points[64 * i + 63] ?? 0) & 1) << 7);
  }
  return compressed;
}

const twoPoints = Buffer.concat([FIRST_G1, CANONICAL.secondG1]);

// Points are expanded by compiled code in worker threads.
beforeAll(() => buildPart('native'));

describe('fetchCanonical', () => {
  test('downloads, expands and checks, and leaves only the SRS', async () => {
    const { host } = await serveFile('g1_compressed.dat', compress(twoPoints));
    const env = { ESPALIER_CACHE: await tempFolder() };
    const steps = new Set<string>();
    const srs = await fetchCanonical(env, { points: 2, hosts: [host], onProgress: (step) => void steps.add(step) });
    expect(srs).toEqual({ name: 'canonical', folder: fetchedSrsFolder(env), points: 2, bytes: 128 });
    expect((await readdir(srs.folder)).sort()).toEqual(['bn254_g1.dat', 'bn254_g2.dat']);
    expect((await readFile(join(srs.folder, 'bn254_g1.dat'))).equals(twoPoints)).toBe(true);
    expect([...steps]).toEqual(['download', 'expand']);
  });

  test('takes it from a mirror that the environment names', async () => {
    const { host, ranges } = await serveFile('g1_compressed.dat', compress(twoPoints));
    const env = { ESPALIER_CACHE: await tempFolder(), ESPALIER_SRS_HOSTS: `${host}/` };
    await expect(fetchCanonical(env, { points: 2 })).resolves.toMatchObject({ points: 2 });
    expect(ranges).toHaveLength(1);
  });

  test('takes the prefix of the real SRS, and goes on after a break', async (context) => {
    const beside = join(packageRoot(import.meta.url), '..', 'shared', 'srs');
    const folder = process.env['ESPALIER_CANONICAL_SRS'] ?? beside;
    const points = await readFile(join(folder, 'bn254_g1.dat')).catch(() => null);
    if (points === null) return context.skip('name a folder with the canonical SRS in ESPALIER_CANONICAL_SRS');
    const { host, ranges } = await serveFile('g1_compressed.dat', compress(points), { breaksAfterBytes: [500_000] });
    const env = { ESPALIER_CACHE: await tempFolder() };
    const srs = await fetchCanonical(env, { points: points.length / 64, hosts: [host], retryDelayMs: 1 });
    expect(ranges).toHaveLength(2);
    expect((await readFile(join(srs.folder, 'bn254_g1.dat'))).equals(points)).toBe(true);
  });

  test.each([
    ['points of another SRS', compress(Buffer.concat([FIRST_G1, generatorMultiple(7n)])), /does not belong/],
    [
      'something that is no point',
      Buffer.concat([compress(FIRST_G1), Buffer.alloc(31), Buffer.of(4)]),
      /not on the curve/,
    ],
  ])('keeps nothing of %s', async (_, content, message) => {
    const { host } = await serveFile('g1_compressed.dat', content);
    const env = { ESPALIER_CACHE: await tempFolder() };
    await expectCode(fetchCanonical(env, { points: 2, hosts: [host] }), 'srs-invalid', message);
    expect((await readdir(fetchedSrsFolder(env))).filter((name) => name.includes('g1'))).toEqual([]);
  });

  test('of two at once one downloads, and the other waits and takes what came', async () => {
    const { host, ranges } = await serveFile('g1_compressed.dat', compress(twoPoints));
    const env = { ESPALIER_CACHE: await tempFolder() };
    const options = { points: 2, hosts: [host] };
    const [first, second] = await Promise.all([fetchCanonical(env, options), fetchCanonical(env, options)]);
    expect(second).toEqual(first);
    expect(ranges).toHaveLength(1);
  });

  test('keeps what is there and good, whoever has left a lock, and downloads it anew where it is damaged', async () => {
    const { host, ranges } = await serveFile('g1_compressed.dat', compress(twoPoints));
    const env = { ESPALIER_CACHE: await tempFolder() };
    const options = { points: 2, hosts: [host], waitMaxMs: 0 };
    const srs = await fetchCanonical(env, options);
    const other = await FolderLock.acquire(dirname(fetchedSrsFolder(env)));
    await expect(fetchCanonical(env, options)).resolves.toEqual(srs);
    expect(ranges).toHaveLength(1);
    await other.release();
    await writeFile(join(srs.folder, 'bn254_g1.dat'), Buffer.concat([FIRST_G1, generatorMultiple(7n)]));
    await fetchCanonical(env, options);
    expect(ranges).toHaveLength(2);
    expect((await readFile(join(srs.folder, 'bn254_g1.dat'))).equals(twoPoints)).toBe(true);
  });

  test('whoever waits may stop, and stops by itself at last', async () => {
    const { host, ranges } = await serveFile('g1_compressed.dat', compress(twoPoints));
    const env = { ESPALIER_CACHE: await tempFolder() };
    const other = await FolderLock.acquire(dirname(fetchedSrsFolder(env)));
    const options = { points: 2, hosts: [host] };
    const error = await expectCode(fetchCanonical(env, { ...options, waitMaxMs: 0 }), 'folder-busy', /this process, /);
    expect(error.remedy).toMatch(/another process fetches the SRS/);
    const stop = new AbortController();
    const waiting = fetchCanonical(env, { ...options, signal: stop.signal, onProgress: () => stop.abort() });
    await expectCode(waiting, 'cancelled', /./);
    expect(ranges).toEqual([]);
    await other.release();
    await expect(fetchCanonical(env, options)).resolves.toMatchObject({ points: 2 });
  });

  test('takes over from a process that was killed as it began', async () => {
    const { host } = await serveFile('g1_compressed.dat', compress(twoPoints));
    const env = { ESPALIER_CACHE: await tempFolder() };
    await mkdir(dirname(fetchedSrsFolder(env)), { recursive: true });
    await writeFile(join(dirname(fetchedSrsFolder(env)), '.lock~1'), '');
    await expect(fetchCanonical(env, { points: 2, hosts: [host], waitMaxMs: 0 })).resolves.toMatchObject({ points: 2 });
  });

  test('takes over from a container that was killed, once nothing more has come of it', async () => {
    const { host, ranges } = await serveFile('g1_compressed.dat', compress(twoPoints));
    const env = { ESPALIER_CACHE: await tempFolder() };
    const above = dirname(fetchedSrsFolder(env));
    await mkdir(above, { recursive: true });
    const holder = { pid: 1, startedAt: '1-00000000', place: 'orchestrator-a pid:[1]', since: '2026-01-01' };
    await writeFile(join(above, '.lock~3'), JSON.stringify(holder));
    const seen: number[] = [];
    const options = { points: 2, hosts: [host], waitMaxMs: 1, onProgress: () => void seen.push(ranges.length) };
    await expect(fetchCanonical(env, options)).resolves.toMatchObject({ points: 2 });
    // It waited first.
    expect(seen[0]).toBe(0);
    expect(await readdir(above)).toContain('.lock~4');
  });
});
