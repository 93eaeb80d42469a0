import { wasm } from '../../common/index.js';
import { FIELD_MODULUS } from '../../proto/index.js';
import { FULL_ROUNDS, INTERNAL_DIAGONAL, PARTIAL_ROUNDS, roundConstants, STATE_WIDTH } from './constants.js';

const { call, countDown, get, i32Const, i64Const, i64Load, i64Load32Signed, i64Store, i64Store32, op, set, tee } = wasm;
const { ELEMENT_BYTES, LIMB_BITS, LIMB_MASK, LIMBS, MONTGOMERY_RADIX, writeElement } = wasm;
type Code = wasm.Code;
type WasmFunction = wasm.WasmFunction;

/**
 * The permutation and its sponge as WebAssembly, over elements as `common/wasm/montgomery.ts` has them, none ever negative.
 * Values are not reduced but by multiplication, and stay small: with p = 0.0059 R, the S-box brings anything below 20 p below
 * 1.2 p, the outer matrix (rows that sum up to 16) makes 20 p of that at most, and the inner rounds keep lanes below 3.1 p by
 * taking multiples of p off the lanes' sum.
 */
export interface PermutationModule {
  readonly memory: { readonly buffer: ArrayBuffer };
  /** Sets the lanes to the four elements at `place.io`. */
  load(): void;
  /** Adds the elements at `place.io` to lanes 0 to 2. */
  absorb(): void;
  permute(): void;
  /** Writes the lanes to `place.io`, where 0 may stand as p. */
  store(): void;
}

const lanes = Array.from({ length: STATE_WIDTH }, (_, lane) => lane);
const limbs = Array.from({ length: LIMBS }, (_, index) => index);
const IO_BYTES = 32;
const SETS = FULL_ROUNDS + PARTIAL_ROUNDS + 1;

/** Places in the module's memory. `io` is four elements of four 64-bit words, least significant first: what the world sees. */
export const place = {
  io: 0,
  lane: (lane: number) => STATE_WIDTH * IO_BYTES + lane * ELEMENT_BYTES,
  product: (lane: number) => place.lane(STATE_WIDTH + lane),
  temporary: STATE_WIDTH * IO_BYTES + 8 * ELEMENT_BYTES,
  radixSquared: STATE_WIDTH * IO_BYTES + 9 * ELEMENT_BYTES,
  radix: STATE_WIDTH * IO_BYTES + 10 * ELEMENT_BYTES,
  one: STATE_WIDTH * IO_BYTES + 11 * ELEMENT_BYTES,
  diagonal: (lane: number) => STATE_WIDTH * IO_BYTES + (12 + lane) * ELEMENT_BYTES,
  /** What is added before each round, four elements each; all zero after the last. */
  constants: STATE_WIDTH * IO_BYTES + 16 * ELEMENT_BYTES,
} as const;
const SET_BYTES = STATE_WIDTH * ELEMENT_BYTES;
const PAGE_BYTES = 65_536;

const MULTIPLY = 0;
const SQUARE = 1;
const SBOX = 2;
const OUTER = 3;
const INNER = 4;
const SPLIT = 5;
const JOIN = 6;

/** The module, its constants in place. */
export async function createPermutation(): Promise<PermutationModule> {
  const arithmetic = [wasm.montgomeryMultiply(FIELD_MODULUS), wasm.montgomerySquare(FIELD_MODULUS)];
  const functions = [...arithmetic, sbox(), outer(), inner(), split(), join(), load(), absorb(), permute(), store()];
  const pages = Math.ceil((place.constants + SETS * SET_BYTES) / PAGE_BYTES);
  const module = await wasm.instantiate<PermutationModule>(wasm.buildModule(functions, pages));
  const words = new Int32Array(module.memory.buffer);
  const montgomery = (value: bigint) => (value * MONTGOMERY_RADIX) % FIELD_MODULUS;
  writeElement(words, place.one, 1n);
  writeElement(words, place.radix, montgomery(1n));
  writeElement(words, place.radixSquared, montgomery(montgomery(1n)));
  for (const [lane, value] of INTERNAL_DIAGONAL.entries()) writeElement(words, place.diagonal(lane), montgomery(value));
  for (const [index, value] of roundConstants().flat().entries()) {
    writeElement(words, place.constants + index * ELEMENT_BYTES, montgomery(value));
  }
  return module;
}

const apply = (f: number, ...pointers: (number | Code)[]): Code => [
  pointers.map((pointer) => (typeof pointer === 'number' ? i32Const(pointer) : pointer)),
  call(f),
];
const loadLimb = (base: number, i: number): Code => [i32Const(base), i64Load32Signed(4 * i)];

/** sbox(x): `x^5`. */
function sbox(): WasmFunction {
  const { temporary } = place;
  const body: Code = [
    apply(SQUARE, get(0), temporary),
    apply(SQUARE, temporary, temporary),
    apply(MULTIPLY, get(0), temporary, get(0)),
  ];
  return { name: 'sbox', params: 1, i32Locals: 0, i64Locals: 0, body };
}

/** Stores one word of a lane, of the sum on the stack; what is above 29 bits stays in `carry`. */
const storeCarrying = (lane: number, i: number, carry: number, word: number): Code => [
  [set(word), i32Const(place.lane(lane)), get(word)],
  i < LIMBS - 1 ? [i64Const(LIMB_MASK), op.i64And] : [],
  [i64Store32(4 * i), get(word), i64Const(LIMB_BITS), op.i64ShiftRightSigned, set(carry)],
];

/** outer(constants): the outer rounds' matrix (Poseidon2's paper, M4 of section 5.1), then the constants added. */
function outer(): WasmFunction {
  const [x, t, carry, word] = [1, 1 + STATE_WIDTH, 1 + STATE_WIDTH + 8, 1 + STATE_WIDTH + 8 + STATE_WIDTH];
  const sum = (to: number, a: number, b: number, shift = 0n): Code => [
    [get(a), shift === 0n ? [] : [i64Const(shift), op.i64ShiftLeft], get(b), op.i64Add, set(to)],
  ];
  const body = limbs.map(
    (i): Code => [
      lanes.map((lane) => [loadLimb(place.lane(lane), i), set(x + lane)]),
      [sum(t, x, x + 1), sum(t + 1, x + 2, x + 3)],
      [sum(t + 2, x + 1, t + 1, 1n), sum(t + 3, x + 3, t, 1n)],
      [sum(t + 4, t + 1, t + 3, 2n), sum(t + 5, t, t + 2, 2n)],
      [sum(t + 6, t + 3, t + 5), sum(t + 7, t + 2, t + 4)],
      [t + 6, t + 5, t + 7, t + 4].map((result, lane) => [
        [get(result), get(0), i64Load32Signed(lane * ELEMENT_BYTES + 4 * i), op.i64Add, get(carry + lane), op.i64Add],
        storeCarrying(lane, i, carry + lane, word),
      ]),
    ],
  );
  return { name: 'outer', params: 1, i32Locals: 0, i64Locals: 2 * STATE_WIDTH + 8 + 1, body };
}

/**
 * inner(constants): to each product of a lane with its diagonal, the sum of the lanes and a constant are added. So much of the
 * sum's multiple of p is taken off first as its top word tells: never more than there is.
 */
function inner(): WasmFunction {
  const [sum, multiple, carry, word] = [1, 2, 3, 3 + STATE_WIDTH];
  const primeLimbs = wasm.limbsOf(FIELD_MODULUS);
  const precision = 50n;
  const inverse = (1n << precision) / ((primeLimbs[LIMBS - 1] ?? 0n) + 1n);
  const sumLanes = (i: number): Code =>
    lanes.map((lane) => [loadLimb(place.lane(lane), i), lane === 0 ? [] : op.i64Add]);
  const body: Code = [
    [sumLanes(LIMBS - 1), i64Const(inverse), op.i64Mul, i64Const(precision), op.i64ShiftRightSigned, set(multiple)],
    limbs.map((i) => [
      [sumLanes(i), get(multiple), i64Const(primeLimbs[i] ?? 0n), op.i64Mul, op.i64Sub, set(sum)],
      lanes.map((lane) => [
        [loadLimb(place.product(lane), i), get(sum), op.i64Add, get(carry + lane), op.i64Add],
        [get(0), i64Load32Signed(lane * ELEMENT_BYTES + 4 * i), op.i64Add],
        storeCarrying(lane, i, carry + lane, word),
      ]),
    ]),
  ];
  return { name: 'inner', params: 1, i32Locals: 0, i64Locals: 3 + STATE_WIDTH, body };
}

/** split(words, result): four 64-bit words as an element, in Montgomery form. */
function split(): WasmFunction {
  const body: Code = [
    limbs.map((i) => {
      const [from, shift] = [Math.floor((29 * i) / 64), BigInt((29 * i) % 64)];
      const low: Code = [get(0), i64Load(8 * from), i64Const(shift), op.i64ShiftRight];
      const isAcross = shift > 64n - LIMB_BITS && from < 3;
      const high: Code = [get(0), i64Load(8 * from + 8), i64Const(64n - shift), op.i64ShiftLeft, op.i64Or];
      return [get(1), low, isAcross ? high : [], i64Const(LIMB_MASK), op.i64And, i64Store32(4 * i)];
    }),
    apply(MULTIPLY, get(1), place.radixSquared, get(1)),
  ];
  return { name: 'split', params: 2, i32Locals: 0, i64Locals: 0, body };
}

/** join(element, words): the other way round. */
function join(): WasmFunction {
  const { temporary } = place;
  const body: Code = [
    apply(MULTIPLY, get(0), place.one, temporary),
    [0, 1, 2, 3].map((to) => {
      const parts = limbs.map((i) => ({ i, shift: 29 * i - 64 * to })).filter(({ shift }) => shift > -29 && shift < 64);
      const shifted = parts.map(({ i, shift }, index) => [
        [loadLimb(temporary, i), i64Const(BigInt(Math.abs(shift))), shift < 0 ? op.i64ShiftRight : op.i64ShiftLeft],
        index === 0 ? [] : op.i64Or,
      ]);
      return [get(1), shifted, i64Store(8 * to)];
    }),
  ];
  return { name: 'join', params: 2, i32Locals: 0, i64Locals: 0, body };
}

function load(): WasmFunction {
  const body = lanes.map((lane) => apply(SPLIT, place.io + lane * IO_BYTES, place.lane(lane)));
  return { name: 'load', params: 0, i32Locals: 0, i64Locals: 0, body };
}

/** Lanes are made small again first: after a permutation they are as large as its matrix may be given. */
function absorb(): WasmFunction {
  const add = (lane: number): Code => [
    apply(SPLIT, place.io + lane * IO_BYTES, place.temporary),
    limbs.map((i) => [
      [i32Const(place.lane(lane)), loadLimb(place.lane(lane), i), loadLimb(place.temporary, i), op.i64Add],
      i64Store32(4 * i),
    ]),
  ];
  const body = lanes.map((lane) => [
    apply(MULTIPLY, place.lane(lane), place.radix, place.lane(lane)),
    lane < STATE_WIDTH - 1 ? add(lane) : [],
  ]);
  return { name: 'absorb', params: 0, i32Locals: 0, i64Locals: 0, body };
}

function permute(): WasmFunction {
  const [constants, rounds] = [0, 1];
  const next: Code = [get(constants), i32Const(SET_BYTES), op.i32Add, tee(constants)];
  const full: Code = [
    [i32Const(FULL_ROUNDS / 2), set(rounds)],
    countDown(rounds, [lanes.map((lane) => apply(SBOX, place.lane(lane))), next, call(OUTER)]),
  ];
  const body: Code = [
    [i32Const(place.constants), tee(constants), call(OUTER)],
    full,
    [i32Const(PARTIAL_ROUNDS), set(rounds)],
    countDown(rounds, [
      [3, 2, 1].map((lane) => apply(MULTIPLY, place.lane(lane), place.diagonal(lane), place.product(lane))),
      apply(SBOX, place.lane(0)),
      apply(MULTIPLY, place.lane(0), place.diagonal(0), place.product(0)),
      [next, call(INNER)],
    ]),
    full,
  ];
  return { name: 'permute', params: 0, i32Locals: 2, i64Locals: 0, body };
}

function store(): WasmFunction {
  const body = lanes.map((lane) => apply(JOIN, place.lane(lane), place.io + lane * IO_BYTES));
  return { name: 'store', params: 0, i32Locals: 0, i64Locals: 0, body };
}
