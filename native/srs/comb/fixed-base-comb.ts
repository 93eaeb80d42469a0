import { wasm } from '../../../common/index.js';
import {
  createFieldKernel,
  elementToBytes,
  FIELD_PRIME,
  type FieldKernel,
  moduloPrime,
  POINT_BYTES,
  place,
  readElement,
} from './field-kernel.js';

const { ELEMENT_BYTES, MONTGOMERY_RADIX, writeElement } = wasm;

/** Order of the group of BN254's points. */
export const GROUP_ORDER = 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001n;
/** Bytes of a point in an SRS file: x, then y, big-endian. */
export const SRS_POINT_BYTES = 64;

const WINDOW_BITS = 16;
const WINDOWS = 16;
const WINDOW_SIZE = 2 ** WINDOW_BITS;
const SCALAR_BYTES = 32;

/** The most multiples computed at once: what they and their running products take stays in the processor's cache. */
export const BATCH_POINTS_MAX = 8_192;

/** Where things lie in the kernel's memory. */
const TABLE = place.free;
const POINTS = TABLE + WINDOWS * WINDOW_SIZE * POINT_BYTES;
const SCALARS = POINTS + BATCH_POINTS_MAX * POINT_BYTES;
const PRODUCTS = SCALARS + BATCH_POINTS_MAX * SCALAR_BYTES;
/** The table is filled in batches of half a window. */
const END = PRODUCTS + (Math.max(BATCH_POINTS_MAX, WINDOW_SIZE / 2) + 1) * ELEMENT_BYTES;

interface AffinePoint {
  readonly x: bigint;
  readonly y: bigint;
}

/**
 * Multiples of BN254's generator G = (1, 2) by a comb: a table of `(d + 1) * 2^(16 w) * G` for 16 windows `w` of 16
 * bits, so that a multiple is 15 additions, and many multiples at once share each inversion.
 *
 * The table starts at 1, not at 0, so that no digit stands for the point at infinity, which has no affine
 * coordinates: the digits are taken of `k - (1 + 2^16 + 2^32 + …)`, and each counts one more than it says.
 *
 * Takes 75 MB and about half a second to set up.
 */
export class FixedBaseComb {
  readonly #kernel: FieldKernel;
  readonly #words: Int32Array;

  static async create(): Promise<FixedBaseComb> {
    const comb = new FixedBaseComb(await createFieldKernel(END));
    comb.#fillTable();
    return comb;
  }

  private constructor(kernel: FieldKernel) {
    this.#kernel = kernel;
    this.#words = new Int32Array(kernel.memory.buffer);
  }

  /** `first * ratio^i * G` for `i` from 0 to `count - 1`, as they stand in an SRS file. */
  geometricMultiples(first: bigint, ratio: bigint, count: number): Uint8Array<ArrayBuffer> {
    if (count > BATCH_POINTS_MAX) throw new RangeError(`at most ${BATCH_POINTS_MAX} multiples at once, not ${count}`);
    const scalars = new BigUint64Array(this.#kernel.memory.buffer, SCALARS, count * 4);
    let scalar = first;
    for (let i = 0; i < count; i++) {
      const shifted = scalar >= DIGIT_EXCESS ? scalar - DIGIT_EXCESS : scalar - DIGIT_EXCESS + GROUP_ORDER;
      for (let word = 0; word < 4; word++) scalars[4 * i + word] = BigInt.asUintN(64, shifted >> BigInt(64 * word));
      scalar = (scalar * ratio) % GROUP_ORDER;
    }
    this.#startFromLowestWindow(count);
    for (let window = 1; window < WINDOWS; window++) {
      this.#add(POINTS, count, tableOf(window), SCALARS + 2 * window, SCALAR_BYTES);
    }
    return this.#toSrsBytes(count);
  }

  #startFromLowestWindow(count: number): void {
    const bytes = new Uint8Array(this.#kernel.memory.buffer);
    const digits = new Uint16Array(this.#kernel.memory.buffer);
    for (let i = 0; i < count; i++) {
      const from = TABLE + (digits[(SCALARS + i * SCALAR_BYTES) / 2] ?? 0) * POINT_BYTES;
      bytes.copyWithin(POINTS + i * POINT_BYTES, from, from + POINT_BYTES);
    }
  }

  #add(points: number, count: number, table: number, digits: number, stride: number): void {
    writeElement(this.#words, PRODUCTS, MONTGOMERY_RADIX % FIELD_PRIME);
    this.#kernel.addBatchForward(points, count, table, digits, stride, PRODUCTS);
    const product = readElement(this.#words, PRODUCTS + count * ELEMENT_BYTES);
    // Zero if two points to add have the same x, which the sums of a comb have with a chance of 2^-32 a point.
    if (product === 0n) throw new Error('two points with the same x met in a batched addition');
    writeElement(this.#words, place.inverse, (invert(product) * MONTGOMERY_RADIX * MONTGOMERY_RADIX) % FIELD_PRIME);
    this.#kernel.addBatchBackward(points, count, table, digits, stride, PRODUCTS);
  }

  /** By doubling: the entries `m + 1 … 2m - 1` are the entries `1 … m - 1` plus entry `m`; `2m` is found singly. */
  #fillTable(): void {
    const bytes = new Uint8Array(this.#kernel.memory.buffer);
    // A digit zero, for `#add`: the scalars are not in use yet.
    const zeroDigit = SCALARS;
    let base: AffinePoint = { x: 1n, y: 2n };
    for (let window = 0; window < WINDOWS; window++) {
      const entry = (multiple: number): number => tableOf(window) + (multiple - 1) * POINT_BYTES;
      this.#writePoint(entry(1), base);
      for (let known = 1; known < WINDOW_SIZE; known *= 2) {
        base = double(base);
        if (known > 1) {
          bytes.copyWithin(entry(known + 1), entry(1), entry(known));
          this.#add(entry(known + 1), known - 1, entry(known), zeroDigit, 0);
        }
        this.#writePoint(entry(2 * known), base);
      }
    }
  }

  #writePoint(address: number, point: AffinePoint): void {
    writeElement(this.#words, address, (point.x * MONTGOMERY_RADIX) % FIELD_PRIME);
    writeElement(this.#words, address + ELEMENT_BYTES, (point.y * MONTGOMERY_RADIX) % FIELD_PRIME);
  }

  #toSrsBytes(count: number): Uint8Array<ArrayBuffer> {
    const out = new DataView(new ArrayBuffer(count * SRS_POINT_BYTES));
    // Multiplying by one takes R out, and leaves a value from 0 to p - 1 (p itself would stand for 0, which no point
    // met here has as a coordinate).
    writeElement(this.#words, place.temporary, 1n);
    for (let element = 0; element < 2 * count; element++) {
      this.#kernel.multiply(POINTS + element * ELEMENT_BYTES, place.temporary, place.x);
      elementToBytes(this.#words, place.x, out, element * 32);
    }
    return new Uint8Array(out.buffer);
  }
}

function tableOf(window: number): number {
  return TABLE + window * WINDOW_SIZE * POINT_BYTES;
}

/** 1 + 2^16 + 2^32 + …: what digits that count one more than they say add to a scalar. */
const DIGIT_EXCESS =
  Array.from({ length: WINDOWS }, (_, window) => 1n << BigInt(WINDOW_BITS * window)).reduce((a, b) => a + b) %
  GROUP_ORDER;

function double({ x, y }: AffinePoint): AffinePoint {
  const slope = moduloPrime(3n * x * x * invert(moduloPrime(2n * y)));
  const x3 = moduloPrime(slope * slope - 2n * x);
  return { x: x3, y: moduloPrime(slope * (x - x3) - y) };
}

/** Extended Euclid, for 0 < value < p. */
function invert(value: bigint): bigint {
  let [a, b] = [value, FIELD_PRIME];
  let [x, y] = [1n, 0n];
  while (b !== 0n) {
    const quotient = a / b;
    [a, b] = [b, a - quotient * b];
    [x, y] = [y, x - quotient * y];
  }
  return moduloPrime(x);
}
