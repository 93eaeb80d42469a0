import { spawnSync } from 'node:child_process';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { tempFolder } from '../tests/support/temp-folder.js';
import { makeFolder, sweepFolder, writeFileAtomically } from './atomic-file.js';
import { tempName } from './temp-name.js';

describe('writeFileAtomically', () => {
  test('keeps the old file, and no other, when writing fails', async () => {
    const folder = await tempFolder();
    const path = join(folder, 'file');
    await writeFileAtomically(path, (file) => file.writeFile('old'));
    const failing = writeFileAtomically(path, async (file) => {
      await file.writeFile('half');
      throw new Error('stopped');
    });
    await expect(failing).rejects.toThrow('stopped');
    expect(await readdir(folder)).toEqual(['file']);
    expect(await readFile(path, 'utf8')).toBe('old');
  });

  test('gives the file its mode', async () => {
    const path = join(await tempFolder(), 'program');
    await writeFileAtomically(path, 'text', 0o755);
    expect((await stat(path)).mode & 0o777).toBe(0o755);
  });
});

describe('makeFolder', () => {
  test('makes all that is missing, at once from several sides', async () => {
    const folder = join(await tempFolder(), 'a', 'b', 'c');
    await Promise.all([makeFolder(folder), makeFolder(folder), makeFolder(join(folder, 'd'))]);
    expect(await readdir(folder)).toEqual(['d']);
  });

  test('rejects where a file is in the way, and where no folder can be', async () => {
    const file = join(await tempFolder(), 'file');
    await writeFile(file, '');
    await expect(makeFolder(file)).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(makeFolder(join(file, 'below'))).rejects.toMatchObject({ code: 'EEXIST' });
    if (process.platform === 'linux') await expect(makeFolder('/proc/a/b')).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('sweepFolder', () => {
  test('removes what a process that is gone left, and not what a living one writes', async () => {
    const folder = await tempFolder();
    const gone = spawnSync(process.execPath, ['--version']).pid;
    const living = tempName('file');
    const left = living.replace(`~${process.pid}~`, `~${gone}~`);
    for (const name of [left, living, 'file']) await writeFile(join(folder, name), '');
    await sweepFolder(folder);
    expect((await readdir(folder)).sort()).toEqual(['file', living].sort());
  });

  test('does not mind that the folder is missing', async () => {
    await sweepFolder(join(await tempFolder(), 'missing'));
  });
});
