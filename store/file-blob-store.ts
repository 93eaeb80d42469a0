import { open, readdir, rm, rmdir, stat, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import {
  EspalierError,
  errnoOf,
  isAbandonedTempName,
  makeFolder,
  storeError,
  writeFileAtomically,
} from '../common/index.js';
import { BLOB_BYTES_MAX, type BlobStore } from './blob-store.js';
import { checkBlobSize, checkKey, checkPrefix, isKeySegment } from './check-key.js';

/** What `open` and the like say when a key is not there, or is the folder of other keys. */
const ABSENT: readonly (string | undefined)[] = ['ENOENT', 'ENOTDIR', 'EISDIR'];

/** Another process may delete the last blob of a folder, and with it the folder, just before one is written there. */
const WRITE_ATTEMPTS = 3;
const FOLDERS_MAX = 1_000;

/**
 * A file a blob, under its key, in one folder of a disk. A blob is written beside its place, synced and renamed, so a
 * reader, now or after a crash, sees all of it or nothing. Any number of processes may read and write at once, of other
 * machines too where the file system is shared. Deleting is not synced: a deleted blob may be there again after a power
 * cut. Folders below the first level (`blocks/<id>/`) go with their last blob.
 */
export class FileBlobStore implements BlobStore {
  readonly folder: string;
  /** Folders that are there, or are being made: their entries are synced before the first blob in them is. */
  readonly #folders = new Map<string, Promise<void>>();

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** Opens the store in a folder, which is made when the first blob is. Sweeps up what crashed processes left behind. */
  static async open(folder: string): Promise<FileBlobStore> {
    const store = new FileBlobStore(resolve(folder));
    for await (const { path, name } of store.#files('')) {
      // What cannot be swept up (a folder that is only read) does no harm.
      if (isAbandonedTempName(name)) await rm(path, { force: true }).catch(() => {});
    }
    return store;
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    const path = this.#pathOf(key);
    checkBlobSize(key, bytes.length);
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#makeFolderOf(path);
        return await writeFileAtomically(path, bytes);
      } catch (error) {
        // Whatever it was, look again next time: the folder may have been deleted.
        this.#folders.delete(dirname(path));
        if (errnoOf(error) !== 'ENOENT' || attempt === WRITE_ATTEMPTS) throw storeError('write', path, error);
      }
    }
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    const path = this.#pathOf(key);
    try {
      const file = await open(path, 'r');
      try {
        const { size } = await file.stat();
        if (size > BLOB_BYTES_MAX) {
          throw new EspalierError(
            'store-corrupt',
            `${path} has ${size} bytes, more than the ${BLOB_BYTES_MAX} of a blob`,
          );
        }
        return new Uint8Array(await file.readFile());
      } finally {
        await file.close();
      }
    } catch (error) {
      if (ABSENT.includes(errnoOf(error))) return undefined;
      throw storeError('read', path, error);
    }
  }

  async has(key: string): Promise<boolean> {
    const path = this.#pathOf(key);
    try {
      return (await stat(path)).isFile();
    } catch (error) {
      if (ABSENT.includes(errnoOf(error))) return false;
      throw storeError('read', path, error);
    }
  }

  async delete(key: string): Promise<void> {
    const path = this.#pathOf(key);
    try {
      await unlink(path);
    } catch (error) {
      if (!ABSENT.includes(errnoOf(error))) throw storeError('delete', path, error);
    }
    // Fails, as it should, while there is something else in it. Those of the first level are few, and stay.
    if (dirname(key).includes('/')) await rmdir(dirname(path)).catch(() => {});
  }

  async *list(prefix: string): AsyncIterable<string> {
    checkPrefix(prefix);
    for await (const { name, key } of this.#files(prefix)) {
      if (isKeySegment(name)) yield key;
    }
  }

  /** Every file below `prefix`, sorted by key; unfinished ones too. */
  async *#files(prefix: string): AsyncIterable<{ readonly path: string; readonly name: string; readonly key: string }> {
    const folder = join(this.folder, prefix);
    const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
      if (ABSENT.includes(errnoOf(error))) return [];
      throw storeError('list', folder, error);
    });
    // A folder's slash takes part in the order of keys: `a-b/c` comes before `a/c`.
    const sorted = entries
      .map((entry) => ({ entry, order: entry.isDirectory() ? `${entry.name}/` : entry.name }))
      .sort((a, b) => (a.order < b.order ? -1 : 1));
    for (const { entry } of sorted) {
      const { name } = entry;
      if (entry.isFile()) yield { path: join(folder, name), name, key: prefix + name };
      else if (entry.isDirectory() && isKeySegment(name)) yield* this.#files(`${prefix}${name}/`);
    }
  }

  #makeFolderOf(path: string): Promise<void> {
    const folder = dirname(path);
    if (this.#folders.size >= FOLDERS_MAX) this.#folders.clear();
    const made = this.#folders.get(folder) ?? makeFolder(folder);
    this.#folders.set(folder, made);
    return made;
  }

  #pathOf(key: string): string {
    checkKey(key);
    return join(this.folder, key);
  }
}
