import type { Field } from '../../proto/index.js';

const BYTES_AT_FIRST = 4_096;

/** Writes small things one after another. `take` gives what was written, and begins anew. */
export class ByteWriter {
  #buffer = Buffer.alloc(BYTES_AT_FIRST);
  #length = 0;

  byte(value: number): void {
    this.#reserve(1);
    this.#buffer[this.#length] = value;
    this.#length += 1;
  }

  integer(value: number): void {
    this.#reserve(4);
    this.#length = this.#buffer.writeUInt32LE(value, this.#length);
  }

  /** Without its leading zeros. */
  field(value: Field): void {
    const digits = value === 0n ? '' : value.toString(16);
    const length = (digits.length + 1) >> 1;
    this.byte(length);
    this.#reserve(length);
    this.#length += this.#buffer.write(digits.padStart(2 * length, '0'), this.#length, 'hex');
  }

  bytes(values: Uint8Array): void {
    this.byte(values.length);
    this.#reserve(values.length);
    this.#buffer.set(values, this.#length);
    this.#length += values.length;
  }

  /** A view, good until more is written. */
  take(): Buffer {
    const taken = this.#buffer.subarray(0, this.#length);
    this.#length = 0;
    return taken;
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#buffer.length) return;
    const larger = Buffer.alloc(2 * this.#buffer.length + bytes);
    larger.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = larger;
  }
}

/** Reads what a `ByteWriter` wrote, in the same order. */
export class ByteReader {
  readonly #buffer: Buffer;
  #at: number;

  constructor(buffer: Buffer, at: number) {
    this.#buffer = buffer;
    this.#at = at;
  }

  byte(): number {
    return this.#buffer.readUInt8(this.#skip(1));
  }

  integer(): number {
    return this.#buffer.readUInt32LE(this.#skip(4));
  }

  field(): Field {
    const length = this.byte();
    const from = this.#skip(length);
    return length === 0 ? 0n : BigInt(`0x${this.#buffer.toString('hex', from, from + length)}`);
  }

  /** A copy. */
  bytes(): Uint8Array {
    const length = this.byte();
    const from = this.#skip(length);
    return new Uint8Array(this.#buffer.subarray(from, from + length));
  }

  #skip(bytes: number): number {
    const from = this.#at;
    this.#at += bytes;
    return from;
  }
}
