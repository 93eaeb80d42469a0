import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { expectCode } from '../../tests/support/expect-code.js';
import { tempFolder } from '../../tests/support/temp-folder.js';
import { generatorMultiple } from './bn254.js';
import { GROUP_ORDER } from './comb/fixed-base-comb.js';
import { CANONICAL, DEVELOPMENT, developmentTau, FIRST_G1 } from './known-srs.js';
import { checkPowers, G1_FILE, G2_FILE, largestCircuit, readSrsFolder } from './srs-folder.js';

async function folderWith(g1: Uint8Array | null, g2: Uint8Array | null): Promise<string> {
  const folder = await tempFolder();
  if (g1 !== null) await writeFile(join(folder, G1_FILE), g1);
  if (g2 !== null) await writeFile(join(folder, G2_FILE), g2);
  return folder;
}

const canonicalG1 = Buffer.concat([FIRST_G1, CANONICAL.secondG1]);

function developmentPoints(count: number): Uint8Array[] {
  const points: Uint8Array[] = [];
  for (let i = 0, scalar = 1n; i < count; i++, scalar = (scalar * developmentTau()) % GROUP_ORDER) {
    points.push(generatorMultiple(scalar));
  }
  return points;
}

describe('an SRS folder', () => {
  test('is recognized by its G2 point', async () => {
    const folder = await folderWith(canonicalG1, CANONICAL.g2);
    expect(await readSrsFolder(folder)).toEqual({ name: 'canonical', folder, points: 2, bytes: 128 });
    const development = await folderWith(Buffer.concat(developmentPoints(5)), DEVELOPMENT.g2);
    expect(await readSrsFolder(development)).toMatchObject({ name: 'development', points: 5 });
  });

  test('is null where there is none', async () => {
    expect(await readSrsFolder(await tempFolder())).toBeNull();
    expect(await readSrsFolder(join(await tempFolder(), 'absent'))).toBeNull();
  });

  test.each<[string, Uint8Array | null, Uint8Array | null, RegExp]>([
    ['no G2 point', canonicalG1, null, /bn254_g2.dat is missing/],
    ['no G1 points', null, CANONICAL.g2, /bn254_g1.dat is missing/],
    ['a short G2 point', canonicalG1, CANONICAL.g2.subarray(1), /127 bytes instead of 128/],
    ['an unknown G2 point', canonicalG1, new Uint8Array(128), /neither the canonical point nor the development one/],
    ['half a point', canonicalG1.subarray(0, 100), CANONICAL.g2, /100 bytes/],
    ['one point', FIRST_G1, CANONICAL.g2, /64 bytes/],
    ['another first point', Buffer.concat([CANONICAL.secondG1, CANONICAL.secondG1]), CANONICAL.g2, /start with/],
    ['the G2 point of another SRS', canonicalG1, DEVELOPMENT.g2, /second point .* does not belong/],
    [
      'a hole',
      Buffer.concat([...developmentPoints(9), new Uint8Array(64 * 4_000)]),
      DEVELOPMENT.g2,
      /point \d+ .*curve/,
    ],
  ])('with %s is refused', async (_, g1, g2, message) => {
    const error = await expectCode(readSrsFolder(await folderWith(g1, g2)), 'srs-invalid', message);
    expect(error.remedy).toMatch(/espalier srs fetch/);
  });

  test('is found out by pairings where points are of the curve but not powers of tau', async () => {
    const [first, second] = developmentPoints(3);
    const folder = await folderWith(Buffer.concat(developmentPoints(3)), DEVELOPMENT.g2);
    const srs = { name: 'development', folder, points: 3, bytes: 192 } as const;
    await expect(checkPowers(srs, 3)).resolves.toBeUndefined();
    await writeFile(
      join(folder, G1_FILE),
      Buffer.concat([first, second, generatorMultiple(3n)].map((p) => p ?? FIRST_G1)),
    );
    await expectCode(checkPowers(srs, 1), 'srs-invalid', /point 2 of bn254_g1.dat is not tau times point 1/);
  });

  test('serves circuits of the power of two below its points', async () => {
    expect([0, 1, 2, 3, 32_768, 32_769, 2 ** 21, 2 ** 21 + 1].map(largestCircuit)).toEqual([
      0,
      0,
      1,
      2,
      16_384,
      32_768,
      2 ** 20,
      2 ** 21,
    ]);
    const folder = await folderWith(canonicalG1, CANONICAL.g2);
    await truncate(join(folder, G1_FILE), 64);
    await expectCode(readSrsFolder(folder), 'srs-invalid', /64 bytes/);
  });
});
