import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isAbandonedTempName, tempName } from './temp-name.js';

/**
 * Writes a file so that whoever reads it, at any time and after any crash, finds the old content or the new, never a
 * part; durable when resolved. What is too large for memory is written by a function. The folder must exist. Rejects
 * with what the file system, or the function, said.
 */
export async function writeFileAtomically(
  path: string,
  content: Uint8Array | string | ((file: FileHandle) => Promise<void>),
  mode = 0o644,
): Promise<void> {
  const temp = join(dirname(path), tempName(basename(path)));
  try {
    const file = await open(temp, 'wx+', mode);
    try {
      if (typeof content === 'function') await content(file);
      else await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temp, path);
  } catch (error) {
    await rm(temp, { force: true }).catch(() => {});
    throw error;
  }
  await syncFolder(dirname(path));
}

/**
 * Makes a folder and what is missing above it, durably. Level by level: where a file system answers ENOENT whatever is
 * there (`/proc`), Node's own recursive `mkdir` never returns.
 */
export async function makeFolder(folder: string): Promise<void> {
  if (await isFolder(folder)) return;
  const above = dirname(folder);
  if (above !== folder) await makeFolder(above);
  try {
    await mkdir(folder);
  } catch (error) {
    // Somebody else may have made it meanwhile.
    if (!(await isFolder(folder))) throw error;
  }
  await syncFolder(above);
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** Removes what killed processes left unfinished in a folder, which need not exist. */
export async function sweepFolder(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter(isAbandonedTempName)) await rm(join(folder, name), { force: true }).catch(() => {});
}

/** Makes the entries of a folder durable: a new file may be gone after a power cut as long as only it is synced. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
