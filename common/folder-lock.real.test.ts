import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { buildPart, Fixture } from '../tests/support/fixture.js';
import { tempFolder } from '../tests/support/temp-folder.js';
import { FolderLock } from './folder-lock.js';

beforeAll(() => buildPart('common'));

/** Reads on until the process says a line that begins so. */
async function until(process: Fixture, word: string): Promise<string> {
  for (;;) {
    const line = await process.line();
    if (line === undefined) throw new Error(`process ${process.pid} ended without saying ${word}`);
    if (line.startsWith(word)) return line;
  }
}

test('processes that enter by turns are never in there together', async () => {
  const folder = await tempFolder();
  const inside = join(await tempFolder(), 'inside');
  const processes = Array.from({ length: 6 }, () => new Fixture('lock-holder.mjs', [folder, 'enter', inside, '40']));
  // One that finds the file of another there ends with an error.
  expect(await Promise.all(processes.map((process) => process.exitCode()))).toEqual(Array(6).fill(0));
  expect(existsSync(inside)).toBe(false);
  expect(await readdir(folder)).toEqual(['.lock~240']);
});

test('when the holder is killed one of those who wait takes over, and the others stay out', async () => {
  const folder = await tempFolder();
  let waiting = Array.from({ length: 6 }, () => new Fixture('lock-holder.mjs', [folder, 'hold']));
  let held = waiting.map(async (process) => ({ process, line: await until(process, 'held') }));
  while (waiting.length > 0) {
    const { process: holder } = await Promise.race(held);
    const index = waiting.indexOf(holder);
    waiting = waiting.filter((process) => process !== holder);
    held = held.filter((_, other) => other !== index);
    await expect(FolderLock.acquire(folder)).rejects.toMatchObject({
      code: 'folder-busy',
      message: expect.stringContaining(`process ${holder.pid},`),
    });
    const others = await Promise.race([...held, Promise.resolve(undefined)]);
    expect(others, 'a second process holds the lock').toBeUndefined();
    await holder.kill();
  }
  await (await FolderLock.acquire(folder)).release();
});

test('a holder that ends in order lets go', async () => {
  const folder = await tempFolder();
  const holder = new Fixture('lock-holder.mjs', [folder, 'hold']);
  await until(holder, 'held');
  holder.write('go');
  expect(await holder.exitCode()).toBe(0);
  await (await FolderLock.acquire(folder)).release();
});
