import { spawnSync } from 'node:child_process';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { tempFolder } from '../tests/support/temp-folder.js';
import { sweepFolder, writeFileAtomically } from './atomic-file.js';
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
