import { execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { FolderLock } from '../common/index.js';
import { buildPart, Fixture } from '../tests/support/fixture.js';
import { tempFolder } from '../tests/support/temp-folder.js';
import { FileBlobStore } from './file-blob-store.js';
import { ProofStore } from './proof-store.js';

beforeAll(() => buildPart('store'));

/** The round that a blob of `blob-writer.mjs` was written in; throws for a blob that is not whole. */
function roundOf(blob: Uint8Array): number {
  const round = Number(Buffer.from(blob.subarray(0, 10)).toString());
  const whole = Buffer.concat([Buffer.from(String(round).padStart(10, '0')), Buffer.alloc(300_000, round % 100)]);
  if (Buffer.compare(blob, whole) !== 0) throw new Error(`a blob of ${blob.length} bytes is not whole`);
  return round;
}

test('a writer that is killed leaves every blob whole, and loses none that it called durable', async () => {
  const root = await tempFolder();
  let unfinished = 0;
  for (let kill = 0; kill < 25; kill++) {
    const folder = join(root, String(kill));
    const unfinishedFiles = async () =>
      (await readdir(join(folder, 'proofs')).catch(() => [])).filter((name) => name.includes('~'));
    const writer = new Fixture('blob-writer.mjs', [folder, String(randomInt(1, 60))]);
    const durable = new Map<string, number>();
    for (let line = await writer.line(); line !== undefined; line = await writer.line()) {
      durable.set(`proofs/k${Number(line) % 10}`, Number(line));
    }
    await writer.kill();
    unfinished += (await unfinishedFiles()).length;

    const store = await FileBlobStore.open(folder);
    const found = new Set<string>();
    for await (const key of store.list('')) {
      found.add(key);
      const round = roundOf((await store.get(key)) ?? new Uint8Array());
      expect(round).toBeGreaterThanOrEqual(durable.get(key) ?? 0);
    }
    for (const key of durable.keys()) expect(found).toContain(key);
    expect(await unfinishedFiles()).toEqual([]);
  }
  // Otherwise no kill fell into a write, and this showed nothing.
  expect(unfinished).toBeGreaterThan(0);
});

test('a full disk is said to be full, harms no blob and no lock, and serves again when there is room', async (ctx) => {
  const folder = await tempFolder();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', folder], { stdio: 'pipe' });
  } catch (error) {
    return ctx.skip(`a small file system cannot be mounted here: ${error instanceof Error ? error.message : error}`);
  }
  onTestFinished(() => void execFileSync('umount', ['--lazy', folder]));

  const lock = await FolderLock.acquire(folder);
  const blobs = await FileBlobStore.open(folder);
  const store = new ProofStore(blobs);
  const inputs = { a: `0x${'1'.repeat(64)}` };
  await store.putInputs('kept', inputs);
  await writeFile(join(folder, 'filler'), new Uint8Array(180_000));
  const large = { values: Array(2_000).fill(inputs.a) };
  await expect(store.putInputs('large', large)).rejects.toMatchObject({
    code: 'disk-full',
    remedy: expect.stringContaining('free some space'),
  });
  await expect(store.putInputs('kept', large)).rejects.toMatchObject({ code: 'disk-full' });
  expect(await readdir(join(folder, 'inputs'))).toEqual(['kept']);
  expect(await store.getInputs('kept')).toEqual(inputs);

  // Full to the last byte, where not even a lock can be written; but one can be let go, which makes room for a page.
  const fill = (name: string) => writeFile(join(folder, name), new Uint8Array(256 * 1024)).catch(() => {});
  await fill('filler-2');
  await lock.release();
  await fill('filler-3');
  await expect(FolderLock.acquire(folder)).rejects.toMatchObject({ code: 'disk-full' });
  for (const name of ['filler', 'filler-2', 'filler-3']) await rm(join(folder, name));
  await (await FolderLock.acquire(folder)).release();
  await store.putInputs('large', large);
  expect(await store.getInputs('large')).toEqual(large);
});
