import { EspalierError } from '../common/index.js';
import type { BlobStore } from './blob-store.js';
import { checkBlobSize, checkKey, checkPrefix } from './check-key.js';

const BYTES_MAX_DEFAULT = 1024 ** 3;

export interface MemoryBlobStoreOptions {
  /** Bytes of all blobs together. Default 1 GiB. */
  readonly bytesMax?: number;
}

/** Blobs in this process, for tests and simulations: nothing survives it. */
export class MemoryBlobStore implements BlobStore {
  readonly #bytesMax: number;
  readonly #blobs = new Map<string, Uint8Array>();
  #bytes = 0;

  constructor(options: MemoryBlobStoreOptions = {}) {
    this.#bytesMax = options.bytesMax ?? BYTES_MAX_DEFAULT;
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    checkKey(key);
    checkBlobSize(key, bytes.length);
    const total = this.#bytes - (this.#blobs.get(key)?.length ?? 0) + bytes.length;
    if (total > this.#bytesMax) {
      throw new EspalierError(
        'disk-full',
        `cannot write ${key}: the store in memory is full (${this.#bytesMax} bytes)`,
      );
    }
    // Copied on the way in and out: what the caller does with its bytes afterwards must not change the blob. Not by
    // `slice`, which for a `Buffer` is a view.
    this.#blobs.set(key, new Uint8Array(bytes));
    this.#bytes = total;
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    checkKey(key);
    const bytes = this.#blobs.get(key);
    return bytes === undefined ? undefined : new Uint8Array(bytes);
  }

  async has(key: string): Promise<boolean> {
    checkKey(key);
    return this.#blobs.has(key);
  }

  async delete(key: string): Promise<void> {
    checkKey(key);
    this.#bytes -= this.#blobs.get(key)?.length ?? 0;
    this.#blobs.delete(key);
  }

  async *list(prefix: string): AsyncIterable<string> {
    checkPrefix(prefix);
    yield* [...this.#blobs.keys()].filter((key) => key.startsWith(prefix)).sort();
  }
}
