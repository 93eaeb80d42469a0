import { type FileHandle, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { EspalierError, storeError, tempName } from '../../common/index.js';

/**
 * Pieces of bytes that lie on a disk until they are wanted, in a file that has no name: it is gone with this process,
 * however that ends.
 */
export class PartSpool {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #lengths: number[] = [];
  #bytes = 0;
  #closed: Promise<void> | undefined;

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  /** Rejects with `store-unavailable` or `disk-full` where there can be no file, as all here does. */
  static async open(folder: string): Promise<PartSpool> {
    const path = join(folder, tempName('block'));
    try {
      const file = await open(path, 'wx+', 0o600);
      await unlink(path);
      return new PartSpool(path, file);
    } catch (error) {
      throw storeError('write', path, error);
    }
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** One at a time. */
  async add(piece: Uint8Array): Promise<void> {
    try {
      for (let written = 0; written < piece.length; ) {
        const { bytesWritten } = await this.#file.write(piece, written, piece.length - written, this.#bytes + written);
        written += bytesWritten;
      }
    } catch (error) {
      throw storeError('write', this.#path, error);
    }
    this.#lengths.push(piece.length);
    this.#bytes += piece.length;
  }

  /** All of them, in their order. */
  async *pieces(): AsyncGenerator<Uint8Array> {
    let position = 0;
    for (const length of this.#lengths) {
      yield await this.#read(position, length);
      position += length;
    }
  }

  /** Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#file.close();
    return this.#closed;
  }

  async #read(position: number, length: number): Promise<Uint8Array> {
    try {
      const { buffer, bytesRead } = await this.#file.read({ buffer: Buffer.allocUnsafe(length), position });
      if (bytesRead === length) return buffer;
    } catch (error) {
      throw storeError('read', this.#path, error);
    }
    throw new EspalierError('store-unavailable', `${this.#path} was cut short while a block was being received`);
  }
}
