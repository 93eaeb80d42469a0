import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { expectCode } from '../../tests/support/expect-code.js';
import { buildPart } from '../../tests/support/fixture.js';
import { tempFolder } from '../../tests/support/temp-folder.js';
import { g2GeneratorMultiple, generatorMultiple, isNextPower } from './bn254.js';
import { writeDevelopmentPoints } from './development.js';
import { CANONICAL, DEVELOPMENT, developmentTau, FIRST_G1 } from './known-srs.js';

const POINTS = 1_025;
/** Of the first 1,025 points as `ffjavascript`'s arithmetic finds them. */
const SHA256_OF_1025 = '742052da8b68ce54782b8b2f6f32cabf36df621f13e0e984bf76d5127e09c450';

// Points are computed by compiled code in worker threads.
beforeAll(() => buildPart('native'));

describe('the development SRS', () => {
  test('has the tau of its seed', () => {
    const tau = developmentTau();
    expect(Buffer.from(DEVELOPMENT.g2).equals(g2GeneratorMultiple(tau))).toBe(true);
    expect(Buffer.from(DEVELOPMENT.secondG1).equals(generatorMultiple(tau))).toBe(true);
    expect(Buffer.from(FIRST_G1).equals(generatorMultiple(1n))).toBe(true);
  });

  test('is recognized by pairings, and is not the canonical one', () => {
    expect(isNextPower(FIRST_G1, DEVELOPMENT.secondG1, DEVELOPMENT.g2)).toBe(true);
    expect(isNextPower(FIRST_G1, CANONICAL.secondG1, CANONICAL.g2)).toBe(true);
    expect(isNextPower(FIRST_G1, DEVELOPMENT.secondG1, CANONICAL.g2)).toBe(false);
  });

  test('starts with the same points on every machine, and tells how far it is', async () => {
    const path = join(await tempFolder(), 'bn254_g1.dat');
    const progress: [number, number][] = [];
    const onProgress = (done: number, total: number): void => void progress.push([done, total]);
    await writeDevelopmentPoints(path, POINTS, SHA256_OF_1025, { onProgress });
    expect((await stat(path)).size).toBe(64 * POINTS);
    expect((await readFile(path)).subarray(64, 128).equals(DEVELOPMENT.secondG1)).toBe(true);
    expect(progress.at(-1)).toEqual([POINTS, POINTS]);
  });

  test('leaves nothing behind when it came out wrong or was stopped', async () => {
    const folder = await tempFolder();
    const path = join(folder, 'bn254_g1.dat');
    await expectCode(writeDevelopmentPoints(path, 2, '00'), 'internal', /came out as/);
    const stopped = writeDevelopmentPoints(path, POINTS, SHA256_OF_1025, { signal: AbortSignal.abort() });
    await expect(stopped).rejects.toThrow(/abort/);
    expect(await readdir(folder)).toEqual([]);
  });

  test('two at once write the same', async () => {
    const folder = await tempFolder();
    const path = join(folder, 'bn254_g1.dat');
    const write = () => writeDevelopmentPoints(path, POINTS, SHA256_OF_1025, { threads: 1 });
    await Promise.all([write(), write()]);
    expect(await readdir(folder)).toEqual(['bn254_g1.dat']);
  });
});
