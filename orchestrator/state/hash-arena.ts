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

  get(number: number): Field {
    const chunk = this.#chunks[Math.floor(number / HASHES_PER_CHUNK)];
    const from = (number % HASHES_PER_CHUNK) * FIELD_BYTES;
    if (chunk === undefined || number >= this.#length) throw new RangeError(`there is no hash ${number}`);
    return BigInt(`0x${chunk.toString('hex', from, from + FIELD_BYTES)}`);
  }
}
