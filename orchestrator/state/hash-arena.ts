import { FIELD_BYTES, type Field, toHex } from '../../proto/index.js';

const HASHES_PER_CHUNK = 32_768;

/** Field elements by number, 32 bytes each and nothing more. Holds what it once was given. */
export class HashArena {
  readonly #chunks: Buffer[] = [];
  #length = 0;

  /** Its number. */
  add(hash: Field): number {
    const place = this.#length % HASHES_PER_CHUNK;
    if (place === 0) this.#chunks.push(Buffer.allocUnsafe(HASHES_PER_CHUNK * FIELD_BYTES));
    this.#chunks.at(-1)?.write(toHex(hash).slice(2), place * FIELD_BYTES, 'hex');
    this.#length += 1;
    return this.#length - 1;
  }

  /** All of it, a megabyte at a time: views. */
  *bytes(): Generator<Uint8Array> {
    for (const [index, chunk] of this.#chunks.entries()) {
      const hashes = Math.min(HASHES_PER_CHUNK, this.#length - index * HASHES_PER_CHUNK);
      yield chunk.subarray(0, hashes * FIELD_BYTES);
    }
  }

  /** Takes what `bytes` gave of another, in its order; nothing can be added after the last of it. */
  addBytes(bytes: Buffer): void {
    if (this.#length !== this.#chunks.length * HASHES_PER_CHUNK || bytes.length % FIELD_BYTES !== 0) {
      throw new RangeError(`${bytes.length} bytes of hashes after hash ${this.#length} are out of order`);
    }
    this.#chunks.push(bytes);
    this.#length += bytes.length / FIELD_BYTES;
  }

  get(number: number): Field {
    const chunk = this.#chunks[Math.floor(number / HASHES_PER_CHUNK)];
    const from = (number % HASHES_PER_CHUNK) * FIELD_BYTES;
    if (chunk === undefined || number >= this.#length) throw new RangeError(`there is no hash ${number}`);
    return BigInt(`0x${chunk.toString('hex', from, from + FIELD_BYTES)}`);
  }
}
