import { wasm } from '../../../common/index.js';
import {
  createFieldKernel,
  elementToBytes,
  FIELD_PRIME,
  type FieldKernel,
  moduloPrime,
  place,
  readElement,
} from './field-kernel.js';

const { ELEMENT_BYTES, MONTGOMERY_RADIX, writeElement } = wasm;

/** Bytes of a compressed point: x, big-endian, and in the highest bit whether y is odd. */
export const COMPRESSED_POINT_BYTES = 32;

const X = place.free;
const ROOT = X + 64;
const SQUARE = ROOT + 64;
const ONE = SQUARE + 64;
const RADIX_SQUARED = ONE + 64;
const END = RADIX_SQUARED + ELEMENT_BYTES;

/** p = 3 (mod 4), so a square's root is its power of this. */
const ROOT_EXPONENT_BITS = [...((FIELD_PRIME + 1n) / 4n).toString(2)].map((bit) => bit === '1');

/** Turns compressed points of BN254 into the coordinates of an SRS file, at about 30 us a point. */
export class PointExpander {
  readonly #kernel: FieldKernel;
  readonly #words: Int32Array;

  static async create(): Promise<PointExpander> {
    return new PointExpander(await createFieldKernel(END));
  }

  private constructor(kernel: FieldKernel) {
    this.#kernel = kernel;
    this.#words = new Int32Array(kernel.memory.buffer);
    writeElement(this.#words, ONE, 1n);
    writeElement(this.#words, RADIX_SQUARED, (MONTGOMERY_RADIX * MONTGOMERY_RADIX) % FIELD_PRIME);
  }

  /** 32 bytes a point in, 64 out. Throws a `RangeError` naming the first point that is not on the curve. */
  expand(compressed: Uint8Array): Uint8Array<ArrayBuffer> {
    const count = compressed.length / COMPRESSED_POINT_BYTES;
    const input = new DataView(compressed.buffer, compressed.byteOffset, compressed.byteLength);
    const out = new DataView(new ArrayBuffer(2 * compressed.length));
    for (let index = 0; index < count; index++) this.#expandOne(input, out, index);
    return new Uint8Array(out.buffer);
  }

  #expandOne(input: DataView, out: DataView, index: number): void {
    const from = index * COMPRESSED_POINT_BYTES;
    let x = 0n;
    for (let word = 0; word < 4; word++) x = (x << 64n) | input.getBigUint64(from + 8 * word);
    const odd = x >> 255n;
    x &= (1n << 255n) - 1n;
    if (x >= FIELD_PRIME) throw new RangeError(`point ${index}: its x is not below the field's prime`);
    const square = moduloPrime(x * x * x + 3n);
    const root = this.#squareRoot(square);
    if ((root * root - square) % FIELD_PRIME !== 0n) throw new RangeError(`point ${index} is not on the curve`);
    writeElement(this.#words, X, x);
    writeElement(this.#words, ROOT, (root & 1n) === odd ? root : FIELD_PRIME - root);
    elementToBytes(this.#words, X, out, 2 * from);
    elementToBytes(this.#words, ROOT, out, 2 * from + 32);
  }

  #squareRoot(square: bigint): bigint {
    const { multiply } = this.#kernel;
    writeElement(this.#words, SQUARE, square);
    multiply(SQUARE, RADIX_SQUARED, SQUARE);
    multiply(ONE, RADIX_SQUARED, ROOT);
    for (const bit of ROOT_EXPONENT_BITS) {
      multiply(ROOT, ROOT, ROOT);
      if (bit) multiply(ROOT, SQUARE, ROOT);
    }
    multiply(ROOT, ONE, ROOT);
    return readElement(this.#words, ROOT);
  }
}
