import { createHash } from 'node:crypto';
import { readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { expectCode } from '../../tests/support/expect-code.js';
import { tempFolder } from '../../tests/support/temp-folder.js';
import { findBb } from './find-bb.js';
import { CANONICAL, DEVELOPMENT } from './known-srs.js';
import { ensureDevelopmentBb, patchBb } from './patch-bb.js';

const hashOf = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();
const filler = Buffer.from('something else ');
const binary = (...parts: Uint8Array[]): Buffer => Buffer.concat([filler, ...parts.flatMap((part) => [part, filler])]);

describe('patchBb', () => {
  test('replaces the point and its hash, wherever the hash is, and nothing else', () => {
    for (const copies of [0, 1, 2]) {
      const original = binary(CANONICAL.g2, ...Array<Buffer>(copies).fill(hashOf(CANONICAL.g2)));
      const before = Buffer.from(original);
      const patched = patchBb(original, 'bb');
      expect(patched).toEqual(binary(DEVELOPMENT.g2, ...Array<Buffer>(copies).fill(hashOf(DEVELOPMENT.g2))));
      expect(original).toEqual(before);
    }
  });

  test('refuses a binary without the point, or with two', async () => {
    const patch = async (bytes: Buffer) => patchBb(bytes, '/opt/bb');
    await expectCode(patch(binary(hashOf(CANONICAL.g2))), 'srs-unsupported', /\/opt\/bb .* 0 times, not once/);
    await expectCode(patch(binary(CANONICAL.g2, CANONICAL.g2)), 'srs-unsupported', /2 times/);
  });
});

describe('ensureDevelopmentBb', () => {
  test('keeps an executable copy of the bb in use, mends a damaged one, and leaves the original alone', async () => {
    const env = { ESPALIER_CACHE: await tempFolder() };
    const original = await readFile(findBb(env));
    const [path, same] = await Promise.all([ensureDevelopmentBb(env), ensureDevelopmentBb(env)]);
    expect(same).toBe(path);
    const patched = await readFile(path);
    expect(patched.equals(patchBb(original, 'bb'))).toBe(true);
    expect((await stat(path)).mode & 0o777).toBe(0o755);
    expect(await readdir(dirname(path))).toEqual(['bb']);

    await truncate(path, 1_000_000);
    expect(await ensureDevelopmentBb(env)).toBe(path);
    expect((await readFile(path)).equals(patched)).toBe(true);
    expect((await readFile(findBb(env))).equals(original)).toBe(true);
  });

  test('gives another binary another copy', async () => {
    const folder = await tempFolder();
    const named = join(folder, 'named-bb');
    await writeFile(named, binary(CANONICAL.g2));
    const env = { ESPALIER_CACHE: join(folder, 'cache'), ESPALIER_BB: named };
    const path = await ensureDevelopmentBb(env);
    expect(await readFile(path)).toEqual(binary(DEVELOPMENT.g2));
    await writeFile(named, binary(CANONICAL.g2, filler));
    expect(await ensureDevelopmentBb(env)).not.toBe(path);
  });

  test('says so when ESPALIER_BB names nothing', async () => {
    const env = { ESPALIER_CACHE: await tempFolder(), ESPALIER_BB: '/absent/bb' };
    await expectCode(ensureDevelopmentBb(env), 'prover-unavailable', /ESPALIER_BB names \/absent\/bb/);
  });
});
