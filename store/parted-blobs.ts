import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { z } from 'zod';
import { EspalierError } from '../common/index.js';
import type { BlobStore } from './blob-store.js';
import { decodeFrame, encodeFrame } from './frame.js';
import { reasonOf } from './reason-of.js';

/** Bytes of one piece, before it is compressed: below `BLOB_BYTES_MAX` even where compressing makes it longer. */
export const PIECE_BYTES_MAX = 8 * 1024 * 1024;
const PARTS_MAX = 10_000;
/** Parts on their way at once. */
const PARALLEL = 4;
/** Digits of the digest in the names of parts: enough for two contents of one id to be apart. */
const NAME_DIGITS = 16;

const deflate = promisify(gzip);
const inflate = promisify(gunzip);

const indexSchema = z.strictObject({
  id: z.string(),
  /** sha256 of the pieces' sha256s, hexadecimal. */
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  parts: z.int().nonnegative().max(PARTS_MAX),
  /** Of all pieces, before they are compressed. */
  bytes: z.int().nonnegative(),
  value: z.unknown(),
});
type Index = z.infer<typeof indexSchema>;

const partSchema = z.strictObject({ id: z.string(), part: z.int() });

export interface PartedBlobsOptions<Value, Piece> {
  /** Ends with a slash. */
  readonly folder: string;
  /** For messages: "the stored <what> <id>". */
  readonly what: string;
  /** What to do about a damaged one. */
  readonly remedy: string;
  /** This, and `decodePiece`, throw for what is not one. */
  readonly parseValue: (value: unknown, id: string) => Value;
  /** As JSON, for `parseValue` to read again. */
  readonly encodeValue: (value: Value) => unknown;
  readonly decodePiece: (bytes: Buffer) => Piece;
  /** Whether pieces become smaller by it. Default true. */
  readonly compress?: boolean;
}

/** Pieces of a thing, in their order. */
export type Pieces = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** What is known of a thing without its pieces, and where these are. */
export interface PartedIndex<Value> {
  readonly id: string;
  readonly digest: string;
  readonly parts: number;
  readonly value: Value;
}

/**
 * Things of any size in a `BlobStore`: a small value and a row of pieces each, in a blob a piece. Under
 * `<folder><id>/` are the parts, `<digest>-0000` and so on, and `index`, which is written last and deleted first: a thing
 * without it is not there. Parts are named by the digest of all, so writing the same again, also from two processes at
 * once, changes nothing, and writing something else leaves what is there whole until its own index takes its place.
 * Parts that an interrupted write left behind go with `delete`.
 *
 * Every blob is a frame with a checksum, and the digest holds them together: what is damaged rejects with `store-corrupt`.
 */
export class PartedBlobs<Value, Piece> {
  readonly #blobs: BlobStore;
  readonly #options: PartedBlobsOptions<Value, Piece>;

  constructor(blobs: BlobStore, options: PartedBlobsOptions<Value, Piece>) {
    this.#blobs = blobs;
    this.#options = options;
  }

  /** Durable when resolved. `pieces` is called twice, and must yield the same both times; four are held at a time. */
  async put(id: string, value: Value, pieces: () => Pieces): Promise<void> {
    const index: Index = { id, ...(await this.#survey(id, pieces())), value: this.#options.encodeValue(value) };
    const writes: Promise<void>[] = [];
    let part = 0;
    for await (const piece of pieces()) {
      writes.push(this.#putPart(index, part++, piece));
      if (writes.length === PARALLEL) await allOf(writes.splice(0));
    }
    await allOf(writes);
    await this.#blobs.put(this.#indexKey(id), encodeFrame({ header: index, body: new Uint8Array() }));
  }

  /** undefined when it is not there. Reads no piece. */
  async getIndex(id: string): Promise<PartedIndex<Value> | undefined> {
    const bytes = await this.#blobs.get(this.#indexKey(id));
    if (bytes === undefined) return undefined;
    return this.#check(id, () => {
      const index = indexSchema.parse(decodeFrame(bytes).header);
      if (index.id !== id) throw new Error(`it is ${index.id}`);
      return { ...index, value: this.#options.parseValue(index.value, id) };
    });
  }

  /** undefined when it is not there. Reads no piece. */
  async getValue(id: string): Promise<Value | undefined> {
    return (await this.getIndex(id))?.value;
  }

  /** One piece of a thing that is there; undefined where somebody deleted it meanwhile. */
  async getPiece(index: PartedIndex<Value>, part: number): Promise<Piece | undefined> {
    const blob = await this.#blobs.get(this.#partKey(index, part));
    if (blob === undefined && !(await this.has(index.id))) return undefined;
    return this.#check(index.id, async () => this.#options.decodePiece(await this.#decodePart(blob, index.id, part)));
  }

  /** All of it. undefined when it is not there. */
  async get(id: string): Promise<{ readonly value: Value; readonly pieces: readonly Piece[] } | undefined> {
    const index = await this.getIndex(id);
    if (index === undefined) return undefined;
    const digest = createHash('sha256');
    const pieces: Piece[] = [];
    for (let from = 0; from < index.parts; from += PARALLEL) {
      const parts = Array.from({ length: Math.min(PARALLEL, index.parts - from) }, (_, offset) => from + offset);
      const blobs = await Promise.all(parts.map((part) => this.#blobs.get(this.#partKey(index, part))));
      // Someone deleted it between the index and here.
      if (blobs.includes(undefined) && !(await this.has(id))) return undefined;
      await this.#check(id, async () => {
        for (const [offset, blob] of blobs.entries()) {
          const piece = await this.#decodePart(blob, id, from + offset);
          digest.update(sha256(piece));
          pieces.push(this.#options.decodePiece(piece));
        }
      });
    }
    await this.#check(id, () => {
      if (digest.digest('hex') !== index.digest) throw new Error('its parts are not those that it was written with');
    });
    return { value: index.value, pieces };
  }

  /** Whether it is there, sound or not. */
  has(id: string): Promise<boolean> {
    return this.#blobs.has(this.#indexKey(id));
  }

  /** With all that was left behind of it. Deleting what is not there is fine. */
  async delete(id: string): Promise<void> {
    await this.#blobs.delete(this.#indexKey(id));
    const keys: string[] = [];
    for await (const key of this.#blobs.list(`${this.#options.folder}${id}/`)) keys.push(key);
    for (const key of keys) await this.#blobs.delete(key);
  }

  /** Ids of all that are there, sound or not, sorted. */
  async *list(): AsyncIterable<string> {
    const { folder } = this.#options;
    for await (const key of this.#blobs.list(folder)) {
      if (key.endsWith('/index')) yield key.slice(folder.length, -'/index'.length);
    }
  }

  async #survey(id: string, pieces: Pieces): Promise<Pick<Index, 'digest' | 'parts' | 'bytes'>> {
    const digest = createHash('sha256');
    let parts = 0;
    let bytes = 0;
    for await (const piece of pieces) {
      digest.update(sha256(piece));
      parts++;
      bytes += piece.length;
      if (piece.length > PIECE_BYTES_MAX || parts > PARTS_MAX) {
        const found = `piece ${parts} of ${piece.length} bytes`;
        throw new EspalierError('internal', `the ${this.#options.what} ${id} is too large to be stored: ${found}`);
      }
      // Hashing hundreds of megabytes must not keep everybody else waiting.
      await nextTurn();
    }
    return { digest: digest.digest('hex'), parts, bytes };
  }

  async #putPart(index: Index, part: number, piece: Uint8Array): Promise<void> {
    // The quickest level: text in hexadecimal becomes hardly smaller with any other.
    const body = this.#compresses ? await deflate(piece, { level: 1 }) : piece;
    await this.#blobs.put(this.#partKey(index, part), encodeFrame({ header: { id: index.id, part }, body }));
  }

  async #decodePart(blob: Uint8Array | undefined, id: string, part: number): Promise<Buffer> {
    if (blob === undefined) throw new Error(`part ${part} is missing`);
    const { header, body } = decodeFrame(blob);
    const found = partSchema.parse(header);
    if (found.id !== id || found.part !== part) throw new Error(`part ${part} is part ${found.part} of ${found.id}`);
    if (this.#compresses) return inflate(body, { maxOutputLength: PIECE_BYTES_MAX });
    return Buffer.from(body.buffer, body.byteOffset, body.length);
  }

  get #compresses(): boolean {
    return this.#options.compress ?? true;
  }

  async #check<T>(id: string, read: () => T | Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      const { what, remedy } = this.#options;
      const message = `the stored ${what} ${id} cannot be used: ${reasonOf(error)}`;
      throw new EspalierError('store-corrupt', message, { cause: error, remedy });
    }
  }

  #indexKey(id: string): string {
    return `${this.#options.folder}${id}/index`;
  }

  #partKey({ id, digest }: Pick<Index, 'id' | 'digest'>, part: number): string {
    return `${this.#options.folder}${id}/${digest.slice(0, NAME_DIGITS)}-${String(part).padStart(4, '0')}`;
  }
}

/** Rejects when all have ended: what was given up writes no more. */
async function allOf(writes: readonly Promise<void>[]): Promise<void> {
  for (const write of await Promise.allSettled(writes)) if (write.status === 'rejected') throw write.reason;
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}
