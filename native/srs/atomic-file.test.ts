import { spawnSync } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { tempFolder } from '../../tests/support/temp-folder.js';
import { writeFileAtomically } from './atomic-file.js';

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

  test('removes what a process that is gone left, and not what a living one writes', async () => {
    const folder = await tempFolder();
    const gone = spawnSync(process.execPath, ['--version']).pid;
    const [left, living, other] = [`file.${gone}-00000000.tmp`, `file.${process.pid}-00000000.tmp`, 'file.tmp'];
    for (const name of [left, living, other]) await writeFile(join(folder, name), '');
    await writeFileAtomically(join(folder, 'file'), (file) => file.writeFile('new'));
    expect((await readdir(folder)).sort()).toEqual(['file', living, other].sort());
  });
});
