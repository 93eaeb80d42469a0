import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { expectCode } from '../../tests/support/expect-code.js';
import { type FileServerBehaviour, serveFile } from '../../tests/support/file-server.js';
import { tempFolder } from '../../tests/support/temp-folder.js';
import { type DownloadOptions, downloadRange } from './download-range.js';

const BYTES = 300_000;
const content = randomBytes(BYTES + 5_000);

async function download(
  behaviour: FileServerBehaviour,
  options: Partial<DownloadOptions> = {},
): Promise<{ path: string; ranges: readonly string[]; done: Promise<void> }> {
  const { host, ranges } = await serveFile('points.dat', content, behaviour);
  const path = options.path ?? join(await tempFolder(), 'points.part');
  const defaults = { bytes: BYTES, idleTimeoutMs: 10_000, attempts: 3, retryDelayMs: 1 };
  return { path, ranges, done: downloadRange({ ...defaults, urls: [`${host}/points.dat`], ...options, path }) };
}

async function expectDownloaded(path: string): Promise<void> {
  expect((await readFile(path)).equals(content.subarray(0, BYTES))).toBe(true);
}

describe('downloadRange', () => {
  test('asks for the start of the file only, and tells how far it is', async () => {
    const seen: number[] = [];
    const { path, ranges, done } = await download({}, { onProgress: (bytes) => void seen.push(bytes) });
    await done;
    await expectDownloaded(path);
    expect(ranges).toEqual([`bytes=0-${BYTES - 1}`]);
    expect(seen.at(-1)).toBe(BYTES);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
  });

  test('goes on where a broken connection left off', async () => {
    const { path, ranges, done } = await download({ breaksAfterBytes: [100_000, 50_000] });
    await done;
    await expectDownloaded(path);
    expect(ranges).toHaveLength(3);
    expect(ranges.slice(1).every((range) => !range.startsWith('bytes=0-'))).toBe(true);
  });

  test('goes on where an earlier process left off, also with a server that knows no ranges', async () => {
    for (const ignoresRanges of [false, true]) {
      const path = join(await tempFolder(), 'points.part');
      await writeFile(path, content.subarray(0, 123_457));
      const { done, ranges } = await download({ ignoresRanges }, { path });
      await done;
      await expectDownloaded(path);
      expect(ranges).toEqual([`bytes=123457-${BYTES - 1}`]);
    }
  });

  test('asks for nothing when everything is there, and cuts off what is too much', async () => {
    const path = join(await tempFolder(), 'points.part');
    await writeFile(path, content);
    const { done, ranges } = await download({}, { path });
    await done;
    await expectDownloaded(path);
    expect(ranges).toEqual([]);
  });

  test('gives up on a connection that stalls, and tries again', async () => {
    const { path, done, ranges } = await download({ stallsAfterBytes: 1_000 }, { idleTimeoutMs: 100 });
    await done;
    await expectDownloaded(path);
    expect(ranges).toEqual([`bytes=0-${BYTES - 1}`, `bytes=1000-${BYTES - 1}`]);
  });

  test('turns to the second address when the first fails', async () => {
    const broken = await serveFile('points.dat', content, { status: 503 });
    const good = await serveFile('points.dat', content);
    const urls = [broken, good].map(({ host }) => `${host}/points.dat`);
    const { path, done } = await download({}, { urls });
    await done;
    await expectDownloaded(path);
    expect([broken.ranges.length, good.ranges.length]).toEqual([1, 1]);
  });

  test('stops after the attempts it has, with the last reason and what to do', async () => {
    const { done, ranges } = await download({ status: 404 });
    const error = await expectCode(done, 'srs-missing', /could not be downloaded from http.*: HTTP status 404/);
    expect(error.remedy).toMatch(/--srs dev/);
    expect(ranges).toHaveLength(3);
    const short = await download({}, { bytes: content.length + 1 });
    await expectCode(short.done, 'srs-missing', /ended after 305000 of 305001 bytes/);
  });

  test('says that nothing answers, without waiting to try again', async () => {
    const { done } = await download({}, { urls: ['http://127.0.0.1:1/points.dat'], retryDelayMs: 3_600_000 });
    await expectCode(done, 'srs-missing', /ECONNREFUSED|bad port/);
  });

  test('can be cancelled while it waits', async () => {
    const abort = new AbortController();
    const onProgress = (bytes: number): void => {
      if (bytes > 0) abort.abort();
    };
    const { done } = await download({ stallsAfterBytes: 1_000 }, { signal: abort.signal, onProgress });
    await expectCode(done, 'cancelled', /cancelled/);
    const waiting = new AbortController();
    const { done: retrying, ranges } = await download(
      { status: 500 },
      { signal: waiting.signal, retryDelayMs: 30_000 },
    );
    await expect.poll(() => ranges.length).toBe(1);
    waiting.abort();
    await expectCode(retrying, 'cancelled', /cancelled/);
  });
});
