import { link, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { makeFolder } from './atomic-file.js';
import { EspalierError } from './errors.js';
import { isRunning, ownIdentity, ownPlace } from './process-identity.js';
import { errnoOf, storeError } from './store-error.js';
import { isAbandonedTempName, tempName } from './temp-name.js';

const LOCK_FILE = /^\.lock~(\d{1,15})$/;
const TEMP_NAME = '.lock';

/** Times that others may win the race for a generation before this gives up: each time somebody made progress. */
const ROUNDS_MAX = 100;

const holderSchema = z.strictObject({
  pid: z.int().positive(),
  startedAt: z.string(),
  /** As `ownPlace` tells it. */
  place: z.string(),
  since: z.string(),
});
type Holder = z.infer<typeof holderSchema>;

/** How a lock is taken. */
export interface FolderLockOptions {
  /** What to do when another run has it. Default: wait until it has ended. */
  readonly remedy?: string;
  /** Whoever holds it in another container or on another machine has shown no life for long enough, and counts as gone. */
  readonly isElsewhereGone?: boolean;
}

/**
 * One run per folder at once: a lock that a dead process left is taken over at once. Only one of another container or
 * machine is taken to live on, since nobody can tell from here; whoever can tell says so (`isElsewhereGone`).
 *
 * The lock is a series of files `.lock~1`, `.lock~2`, …, of which only the last one counts. It is *held* while the
 * process that it names runs, and *free* when that process is gone, when it says that it was released, or when there
 * is none. To take the lock is to make the next file of the series: linking a file under a new name succeeds for one
 * process only, and whole. The last file is never deleted, so a number never comes twice. A process that was slow, and
 * made a file with a number that had long been used and cleaned up, sees a later one and withdraws.
 *
 * Deleting a stale lock and making it anew would not do: of two processes that find it stale, the slower one deletes
 * the lock that the faster one has just made.
 */
export class FolderLock {
  readonly folder: string;
  readonly #path: string;
  #released: Promise<void> | undefined;

  private constructor(folder: string, path: string) {
    this.folder = folder;
    this.#path = path;
  }

  /**
   * Takes the lock of a folder, which is made if it is missing. Rejects with `folder-busy`, naming the process, while
   * another run (of this process too) holds it, with `remedy`.
   */
  static async acquire(folder: string, options: FolderLockOptions = {}): Promise<FolderLock> {
    const path = resolve(folder);
    try {
      await makeFolder(path);
      return new FolderLock(path, await takeNextGeneration(path, options));
    } catch (error) {
      throw storeError('lock', path, error);
    }
  }

  /** Frees the lock. Idempotent. */
  release(): Promise<void> {
    this.#released ??= this.#release();
    return this.#released;
  }

  async #release(): Promise<void> {
    try {
      // Cut to nothing it names no process. Unlike writing, this works on a full disk and is never seen half-done.
      await truncate(this.#path);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw storeError('unlock', this.folder, error);
    }
  }
}

/** The path of the lock file that this process made, as the last of the series. */
async function takeNextGeneration(folder: string, options: FolderLockOptions): Promise<string> {
  const holder: Holder = { ...ownIdentity(), place: ownPlace(), since: new Date().toISOString() };
  const temp = join(folder, tempName(TEMP_NAME));
  try {
    await writeFile(temp, JSON.stringify(holder), { flag: 'wx' });
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const last = (await generations(folder)).at(-1) ?? 0;
      if (last > 0) await expectFree(folder, lockPath(folder, last), options);
      const path = lockPath(folder, last + 1);
      try {
        await link(temp, path);
      } catch (error) {
        if (errnoOf(error) === 'EEXIST') continue;
        throw error;
      }
      const all = await generations(folder);
      if (all.at(-1) === last + 1) {
        await sweep(folder, all);
        return path;
      }
      await rm(path, { force: true });
    }
  } finally {
    await rm(temp, { force: true });
  }
  throw new EspalierError('folder-busy', `folder ${folder}: too many runs want it at once`);
}

async function expectFree(
  folder: string,
  path: string,
  { remedy = 'wait until it has ended', isElsewhereGone = false }: FolderLockOptions,
): Promise<void> {
  const holder = await readHolder(path);
  if (holder === undefined) return;
  if (holder.place !== ownPlace()) {
    if (isElsewhereGone) return;
    const who = `process ${holder.pid} in another container or on another machine, ${holder.place}, since ${holder.since}`;
    throw new EspalierError('folder-busy', `folder ${folder} is in use by another run (${who})`, {
      remedy: `end it there, or remove ${path} if that container or machine is gone`,
    });
  }
  if (!isRunning(holder)) return;
  const who = holder.pid === process.pid ? 'this process' : `process ${holder.pid}`;
  throw new EspalierError('folder-busy', `folder ${folder} is in use by another run (${who}, since ${holder.since})`, {
    remedy,
  });
}

/** undefined for a lock that was released or is gone, or is damaged: a power cut may leave it so, and no process. */
async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    return holderSchema.safeParse(JSON.parse(await readFile(path, 'utf8'))).data;
  } catch (error) {
    if (error instanceof SyntaxError || errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Numbers of the lock files in a folder, ascending. */
async function generations(folder: string): Promise<readonly number[]> {
  const numbers = (await readdir(folder)).map((name) => Number(LOCK_FILE.exec(name)?.[1]));
  return numbers.filter((number) => number > 0).sort((a, b) => a - b);
}

/** Deletes what no longer counts: earlier lock files, and the unfinished files of processes that are gone. */
async function sweep(folder: string, all: readonly number[]): Promise<void> {
  for (const generation of all.slice(0, -1)) await rm(lockPath(folder, generation), { force: true });
  for (const name of await readdir(folder)) {
    if (name.startsWith(TEMP_NAME) && isAbandonedTempName(name)) await rm(join(folder, name), { force: true });
  }
}

function lockPath(folder: string, generation: number): string {
  return join(folder, `.lock~${generation}`);
}
