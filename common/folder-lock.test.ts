import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FileBlobStore } from '../store/index.js';
import { tempFolder } from '../tests/support/temp-folder.js';
import { FolderLock } from './folder-lock.js';
import { ownIdentity, ownPlace } from './process-identity.js';
import { tempName } from './temp-name.js';

const busy = (message: RegExp) => ({ code: 'folder-busy', message: expect.stringMatching(message) });

async function endedPid(): Promise<number> {
  const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
  await once(child, 'exit');
  return child.pid ?? -1;
}

async function leaveLock(folder: string, holder: object | string): Promise<void> {
  await writeFile(join(folder, '.lock~7'), typeof holder === 'string' ? holder : JSON.stringify(holder));
}

test('one run holds a folder at once, and another may when it has let go', async () => {
  const folder = join(await tempFolder(), 'out');
  const first = await FolderLock.acquire(folder);
  await expect(FolderLock.acquire(folder)).rejects.toMatchObject(busy(/out is in use .*this process, since \d{4}-/));
  await first.release();
  await first.release();
  const second = await FolderLock.acquire(folder);
  await first.release();
  await expect(FolderLock.acquire(folder)).rejects.toMatchObject(busy(/in use/));
  await second.release();
});

test('of many at once one gets it', async () => {
  const folder = await tempFolder();
  for (let round = 0; round < 10; round++) {
    const results = await Promise.allSettled(Array.from({ length: 10 }, () => FolderLock.acquire(folder)));
    const got = results.filter((result) => result.status === 'fulfilled');
    expect(got).toHaveLength(1);
    await got[0]?.value.release();
  }
});

test('folders do not mind each other', async () => {
  const folder = await tempFolder();
  const locks = [await FolderLock.acquire(join(folder, 'a')), await FolderLock.acquire(join(folder, 'b'))];
  await Promise.all(locks.map((lock) => lock.release()));
});

test('a running process is named, and its lock is left alone', async () => {
  const folder = await tempFolder();
  await leaveLock(folder, { pid: process.ppid, startedAt: '', place: ownPlace(), since: '2026-01-01' });
  await expect(FolderLock.acquire(folder)).rejects.toMatchObject(
    busy(new RegExp(`process ${process.ppid}, since 2026`)),
  );
  expect(await readdir(folder)).toEqual(['.lock~7']);
});

test.each<[string, () => Promise<object | string>]>([
  [
    'by a process that is gone',
    async () => ({ ...ownIdentity(), pid: await endedPid(), place: ownPlace(), since: '' }),
  ],
  [
    'by a process whose id is used again',
    async () => ({ pid: process.pid, startedAt: '1-00000000', place: ownPlace(), since: '' }),
  ],
  ['half-written by a power cut', async () => '{"pid":'],
  ['with a process id that is none', async () => ({ pid: -1, startedAt: '', place: ownPlace(), since: '' })],
])('a lock left %s is taken over at once', async (_what, holder) => {
  const folder = await tempFolder();
  await leaveLock(folder, await holder());
  const lock = await FolderLock.acquire(folder);
  expect(await readdir(folder)).toEqual(['.lock~8']);
  expect(JSON.parse(await readFile(join(folder, '.lock~8'), 'utf8'))).toMatchObject(ownIdentity());
  await lock.release();
});

test.each([
  ['container', ownPlace().replace(/(pid:\[\d+\])?$/, 'pid:[1]')],
  ['machine', `other-${ownPlace()}`],
])('a process of another %s is taken to run, also where none here has its id', async (_, place) => {
  const folder = await tempFolder();
  await leaveLock(folder, { ...ownIdentity(), pid: await endedPid(), place, since: '2026-01-01' });
  const refused = await FolderLock.acquire(folder).catch((error: unknown) => error);
  expect(refused).toMatchObject({
    code: 'folder-busy',
    message: expect.stringContaining(`another container or on another machine, ${place}, since 2026-01-01`),
    remedy: `end it there, or remove ${join(folder, '.lock~7')} if that container or machine is gone`,
  });
  expect(await readdir(folder)).toEqual(['.lock~7']);
  // Until whoever can tell says that it is gone, which is no word about a process of this place.
  const lock = await FolderLock.acquire(folder, { isElsewhereGone: true });
  expect(await readdir(folder)).toEqual(['.lock~8']);
  await expect(FolderLock.acquire(folder, { isElsewhereGone: true })).rejects.toMatchObject(busy(/this process/));
  await lock.release();
});

test('what a killed process left half-made is swept up', async () => {
  const folder = await tempFolder();
  await writeFile(join(folder, tempName('.lock').replace(`~${process.pid}~`, `~${await endedPid()}~`)), '');
  const lock = await FolderLock.acquire(folder);
  expect(await readdir(folder)).toEqual(['.lock~1']);
  await lock.release();
});

test('a store in the same folder does not see the lock', async () => {
  const folder = await tempFolder();
  const lock = await FolderLock.acquire(folder);
  const store = await FileBlobStore.open(folder);
  const keys: string[] = [];
  for await (const key of store.list('')) keys.push(key);
  expect(keys).toEqual([]);
  await expect(FolderLock.acquire(folder)).rejects.toMatchObject(busy(/in use/));
  await lock.release();
});

test('a folder that cannot be made is said to be unavailable', async () => {
  const folder = await tempFolder();
  await writeFile(join(folder, 'file'), '');
  await expect(FolderLock.acquire(join(folder, 'file', 'out'))).rejects.toMatchObject({ code: 'store-unavailable' });
});
