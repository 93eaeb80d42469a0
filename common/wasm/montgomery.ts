import {
  type Code,
  get,
  i64Const,
  i64Load32Signed,
  i64Store32,
  op,
  set,
  tee,
  type WasmFunction,
} from './wasm-module.js';

/**
 * Montgomery multiplication modulo a prime of at most 254 bits as WebAssembly.
 *
 * An element is 9 signed 32-bit words of 29 bits each, least significant first, in Montgomery form with R = 2^261. With 29
 * bits, a whole column of a product (18 terms of 58 bits) fits a signed 64-bit register, so carries are taken once a column.
 * Operands may have any magnitude as long as their product stays far below R p: a product of magnitude A B comes back
 * below A B / R + p, with words 0 to 7 within [0, 2^29) and word 8 signed.
 */
export const LIMBS = 9;
export const LIMB_BITS = 29n;
export const LIMB_MASK = (1n << LIMB_BITS) - 1n;
export const ELEMENT_BYTES = LIMBS * 4;
export const MONTGOMERY_RADIX = 1n << (LIMB_BITS * BigInt(LIMBS));

/** The words of 0 <= value < 2^261. */
export function limbsOf(value: bigint): bigint[] {
  return Array.from({ length: LIMBS }, (_, index) => (value >> (LIMB_BITS * BigInt(index))) & LIMB_MASK);
}

/** Writes 0 <= value < 2^261, as it is, to `address`. */
export function writeElement(words: Int32Array, address: number, value: bigint): void {
  for (const [index, limb] of limbsOf(value).entries()) words[address / 4 + index] = Number(limb);
}

/** The element at `address`, as it is: not reduced, perhaps negative. */
export function readElement(words: Int32Array, address: number): bigint {
  let value = 0n;
  for (let index = LIMBS - 1; index >= 0; index--) {
    value = (value << LIMB_BITS) + BigInt(words[address / 4 + index] ?? 0);
  }
  return value;
}

const limbs = Array.from({ length: LIMBS }, (_, index) => index);
const COLUMNS = 2 * LIMBS - 1;
const isLimb = (index: number): boolean => index >= 0 && index < LIMBS;

/** Locals behind the parameters; `limbB` holds the doubled words where a number is squared. */
const locals = (params: number) => ({
  limbA: params,
  limbB: params + LIMBS,
  quotient: params + 2 * LIMBS,
  carry: params + 3 * LIMBS,
});
const addProduct = (left: Code, right: Code): Code => [left, right, op.i64Mul, op.i64Add];

/** `multiply(a, b, result)`: `*result = *a * *b / R`; any may be the same. */
export function montgomeryMultiply(prime: bigint): WasmFunction {
  const [a, b, result] = [0, 1, 2];
  const { limbA, limbB } = locals(3);
  const load = limbs.map((i) => [
    [get(a), i64Load32Signed(4 * i), set(limbA + i)],
    [get(b), i64Load32Signed(4 * i), set(limbB + i)],
  ]);
  const products = (column: number): Code =>
    limbs.filter((i) => isLimb(column - i)).map((i) => addProduct(get(limbA + i), get(limbB + column - i)));
  return reduced('multiply', { params: 3, result, load, products, prime });
}

/** `square(a, result)`: `*result = *a * *a / R`, with half of the products; both may be the same. */
export function montgomerySquare(prime: bigint): WasmFunction {
  const [a, result] = [0, 1];
  const { limbA, limbB } = locals(2);
  const load = limbs.map((i) => [
    [get(a), i64Load32Signed(4 * i), tee(limbA + i)],
    [i64Const(1n), op.i64ShiftLeft, set(limbB + i)],
  ]);
  const products = (column: number): Code =>
    limbs
      .filter((i) => isLimb(column - i) && 2 * i <= column)
      .map((i) => addProduct(get(limbA + i), get((2 * i === column ? limbA : limbB) + column - i)));
  return reduced('square', { params: 2, result, load, products, prime });
}

interface Product {
  readonly params: number;
  readonly result: number;
  readonly load: Code;
  /** Adds the products of one column to what is on the stack. */
  readonly products: (column: number) => Code;
  readonly prime: bigint;
}

/**
 * A product, reduced column by column. Each column is summed on its own and the carry added last, as is the product that
 * needs the quotient found just before: the processor works on the next columns while that one is not yet known.
 */
function reduced(name: string, { params, result, load, products, prime }: Product): WasmFunction {
  const { quotient, carry } = locals(params);
  const primeLimbs = limbsOf(prime);
  const body: Code[] = [load, i64Const(0n), set(carry)];
  for (let column = 0; column < COLUMNS; column++) {
    const known = limbs.filter((i) => isLimb(column - i) && i < column);
    body.push(i64Const(0n), products(column));
    body.push(known.map((i) => addProduct(get(quotient + i), i64Const(primeLimbs[column - i] ?? 0n))));
    body.push([get(carry), op.i64Add, tee(carry)]);
    if (column < LIMBS) {
      body.push([i64Const(negatedInverse(prime)), op.i64Mul, i64Const(LIMB_MASK), op.i64And, set(quotient + column)]);
      body.push(get(carry), addProduct(get(quotient + column), i64Const(primeLimbs[0] ?? 0n)));
    } else {
      body.push([set(carry), get(result), get(carry), i64Const(LIMB_MASK), op.i64And]);
      body.push(i64Store32(4 * (column - LIMBS)), get(carry));
    }
    body.push([i64Const(LIMB_BITS), op.i64ShiftRightSigned, set(carry)]);
  }
  body.push([get(result), get(carry), i64Store32(4 * (LIMBS - 1))]);
  return { name, params, i32Locals: 0, i64Locals: 3 * LIMBS + 1, body };
}

/** -1/p modulo 2^29, by Newton's iteration. */
function negatedInverse(prime: bigint): bigint {
  let inverse = 1n;
  for (let round = 0; round < 5; round++) inverse = (inverse * (2n - prime * inverse)) & LIMB_MASK;
  return -inverse & LIMB_MASK;
}
