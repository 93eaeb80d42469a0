import { wasm } from '../../../common/index.js';

const { call, countDown, ELEMENT_BYTES, get, i32Const, i64Const, i64Load32Signed, i64Store32 } = wasm;
const { LIMB_BITS, LIMB_MASK, LIMBS, loadU16, op, set } = wasm;
type Code = wasm.Code;
type WasmFunction = wasm.WasmFunction;

/**
 * Arithmetic modulo the prime of BN254's coordinates, and the batched addition of affine points on it, as WebAssembly.
 *
 * Elements are those of `common/wasm/montgomery.ts`. Between operations they are *loose*: any value of magnitude below 4p,
 * words 0 to 7 within [0, 2^29), word 8 signed. A difference of two loose elements may go straight into a multiplication: R is
 * 169 p, so a product of magnitude up to 64 p^2 comes back below 1.4 p.
 */
export const FIELD_PRIME = 0x30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47n;

/** Bits of `p`; `value >> PRIME_BITS` is the multiple of `p` to take off to make a value loose again. */
const PRIME_BITS = 254n;

/** Words of x, then of y. */
export const POINT_BYTES = 2 * ELEMENT_BYTES;
const PAGE_BYTES = 65_536;

/** Fixed places in the module's memory. Whoever uses the module lays its own data out from `free`. */
export const place = {
  /** In: the inverse of the product of all differences, for `addBatchBackward`. */
  inverse: 0 * 64,
  zero: 1 * 64,
  difference: 2 * 64,
  differenceInverse: 3 * 64,
  slope: 4 * 64,
  x: 5 * 64,
  temporary: 6 * 64,
  free: 16 * 64,
} as const;

export interface FieldKernel {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  /** `*result = *a * *b / R`; any may be the same. */
  multiply(a: number, b: number, result: number): void;
  /**
   * First half of adding to each of `count` points at `points` the point `table[digit]`: writes the running products
   * of the differences of their x to `products` (`count + 1` elements, the first of which the caller sets to R).
   * The digits are 16-bit words `stride` bytes apart. No two points to add may have the same x.
   */
  addBatchForward(points: number, count: number, table: number, digits: number, stride: number, products: number): void;
  /** Second half: with `place.inverse` set to `R^2 / products[count]`, replaces each point by the sum. */
  addBatchBackward(
    points: number,
    count: number,
    table: number,
    digits: number,
    stride: number,
    products: number,
  ): void;
}

/** A kernel with a memory of its own, of at least `bytes`. */
export async function createFieldKernel(bytes: number): Promise<FieldKernel> {
  const functions = [wasm.montgomeryMultiply(FIELD_PRIME), subtract(), subtractTwice(), forward(), backward()];
  const kernel = await wasm.instantiate<FieldKernel>(wasm.buildModule(functions, 1));
  kernel.memory.grow(Math.ceil(bytes / PAGE_BYTES) - 1);
  return kernel;
}

const MULTIPLY = 0;
const SUBTRACT = 1;
const SUBTRACT_TWICE = 2;

/** The element at `address`, as it is, reduced to 0 … p - 1. */
export function readElement(words: Int32Array, address: number): bigint {
  return moduloPrime(wasm.readElement(words, address));
}

/** Writes the element at `address`, which holds a value below 2^256, as 32 bytes, big-endian. */
export function elementToBytes(words: Int32Array, address: number, out: DataView, offset: number): void {
  const start = address / 4;
  for (let index = 0; index < 8; index++) {
    const limb = Math.floor((32 * index) / 29);
    const shift = 32 * index - 29 * limb;
    const low = (words[start + limb] ?? 0) >>> shift;
    const middle = (words[start + limb + 1] ?? 0) << (29 - shift);
    const high = shift > 26 ? (words[start + limb + 2] ?? 0) << (58 - shift) : 0;
    out.setUint32(offset + 28 - 4 * index, (low | middle | high) >>> 0);
  }
}

export function moduloPrime(value: bigint): bigint {
  return ((value % FIELD_PRIME) + FIELD_PRIME) % FIELD_PRIME;
}

const PRIME_LIMBS = wasm.limbsOf(FIELD_PRIME);
const limbs = Array.from({ length: LIMBS }, (_, index) => index);

/** subtract(a, b, result): word by word, without carries; the result is for `multiply` only. */
function subtract(): WasmFunction {
  const body = limbs.map((i) => [
    get(2),
    [get(0), i64Load32Signed(4 * i), get(1), i64Load32Signed(4 * i), op.i64Sub],
    i64Store32(4 * i),
  ]);
  return { name: 'subtract', params: 3, i32Locals: 0, i64Locals: 0, body };
}

/** subtractTwice(a, b, c, result): `a - b - c` for loose elements, made loose again. */
function subtractTwice(): WasmFunction {
  const [a, b, c, result, limb, multiple, carry] = [0, 1, 2, 3, 4, 4 + LIMBS, 5 + LIMBS];
  const load = (pointer: number, i: number): Code => [get(pointer), i64Load32Signed(4 * i)];
  const top = LIMBS - 1;
  const topShift = PRIME_BITS - LIMB_BITS * BigInt(top);
  const body: Code = [
    limbs.map((i) => [load(a, i), load(b, i), op.i64Sub, load(c, i), op.i64Sub, set(limb + i)]),
    [get(limb + top), i64Const(topShift), op.i64ShiftRightSigned, set(multiple)],
    i64Const(0n),
    limbs.map((i) => [
      [get(limb + i), op.i64Add, get(multiple), i64Const(PRIME_LIMBS[i] ?? 0n), op.i64Mul, op.i64Sub, set(carry)],
      [get(result), get(carry), i < top ? [i64Const(LIMB_MASK), op.i64And] : [], i64Store32(4 * i)],
      i < top ? [get(carry), i64Const(LIMB_BITS), op.i64ShiftRightSigned] : [],
    ]),
  ];
  return { name: 'subtractTwice', params: 4, i32Locals: 0, i64Locals: LIMBS + 2, body };
}

const BATCH = { points: 0, count: 1, table: 2, digits: 3, stride: 4, products: 5, addend: 6 } as const;
const step = (local: number, amount: Code, sign: number): Code => [get(local), amount, sign, set(local)];
const findAddend: Code = [
  [get(BATCH.digits), loadU16(0), i32Const(POINT_BYTES), op.i32Mul],
  [get(BATCH.table), op.i32Add, set(BATCH.addend)],
];
const at = (local: number, offset = 0): Code => (offset ? [get(local), i32Const(offset), op.i32Add] : get(local));
const apply = (f: number, ...pointers: Code[]): Code => [pointers, call(f)];

function forward(): WasmFunction {
  const { points, count, digits, stride, products, addend } = BATCH;
  const body = countDown(count, [
    findAddend,
    apply(SUBTRACT, at(addend), at(points), i32Const(place.difference)),
    apply(MULTIPLY, at(products), i32Const(place.difference), at(products, ELEMENT_BYTES)),
    step(points, i32Const(POINT_BYTES), op.i32Add),
    step(digits, get(stride), op.i32Add),
    step(products, i32Const(ELEMENT_BYTES), op.i32Add),
  ]);
  return { name: 'addBatchForward', params: 6, i32Locals: 1, i64Locals: 0, body };
}

/**
 * Montgomery's trick backwards: with `inverse` = 1 / (d_0 … d_k), 1 / d_k = inverse * products[k]. Then the chord
 * through P = (x1, y1) and Q = (x2, y2): s = (y2 - y1) / d, x3 = s^2 - x1 - x2, y3 = s (x1 - x3) - y1.
 */
function backward(): WasmFunction {
  const { points, count, digits, stride, products, addend } = BATCH;
  const [inverse, difference, temporary, slope, x] = [
    i32Const(place.inverse),
    i32Const(place.difference),
    i32Const(place.temporary),
    i32Const(place.slope),
    i32Const(place.x),
  ];
  const last = (local: number, amount: Code): Code => [
    [get(local), get(count), i32Const(1), op.i32Sub, amount, op.i32Mul, op.i32Add, set(local)],
  ];
  const body: Code = [
    last(points, i32Const(POINT_BYTES)),
    last(digits, get(stride)),
    last(products, i32Const(ELEMENT_BYTES)),
    countDown(count, [
      findAddend,
      apply(SUBTRACT, at(addend), at(points), difference),
      apply(MULTIPLY, inverse, at(products), i32Const(place.differenceInverse)),
      apply(MULTIPLY, inverse, difference, inverse),
      apply(SUBTRACT, at(addend, ELEMENT_BYTES), at(points, ELEMENT_BYTES), temporary),
      apply(MULTIPLY, temporary, i32Const(place.differenceInverse), slope),
      apply(MULTIPLY, slope, slope, x),
      apply(SUBTRACT_TWICE, x, at(points), at(addend), x),
      apply(SUBTRACT, at(points), x, temporary),
      apply(MULTIPLY, slope, temporary, temporary),
      apply(SUBTRACT_TWICE, temporary, at(points, ELEMENT_BYTES), i32Const(place.zero), at(points, ELEMENT_BYTES)),
      limbs.map((i) => [at(points), x, i64Load32Signed(4 * i), i64Store32(4 * i)]),
      step(points, i32Const(POINT_BYTES), op.i32Sub),
      step(digits, get(stride), op.i32Sub),
      step(products, i32Const(ELEMENT_BYTES), op.i32Sub),
    ]),
  ];
  return { name: 'addBatchBackward', params: 6, i32Locals: 1, i64Locals: 0, body };
}
