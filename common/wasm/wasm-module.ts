/**
 * Just enough of the WebAssembly binary format to build a module of integer functions over one exported memory.
 * https://webassembly.github.io/spec/core/binary/modules.html
 */

export const op = {
  end: 0x0b,
  localGet: 0x20,
  localSet: 0x21,
  localTee: 0x22,
  i32Add: 0x6a,
  i32Mul: 0x6c,
  i32Sub: 0x6b,
  i64Add: 0x7c,
  i64Sub: 0x7d,
  i64Mul: 0x7e,
  i64And: 0x83,
  i64Or: 0x84,
  i64ShiftLeft: 0x86,
  i64ShiftRightSigned: 0x87,
  i64ShiftRight: 0x88,
} as const;

/** The bytes of an instruction sequence; nests, and is flattened when the module is built. */
export type Code = readonly (number | Code)[];

export interface WasmFunction {
  readonly name: string;
  /** `i32` parameters, numbered from local 0. */
  readonly params: number;
  /** Further `i32` locals, then `i64` ones, numbered on from the parameters. */
  readonly i32Locals: number;
  readonly i64Locals: number;
  readonly body: Code;
}

export const get = (local: number): Code => [op.localGet, unsigned(local)];
export const set = (local: number): Code => [op.localSet, unsigned(local)];
export const tee = (local: number): Code => [op.localTee, unsigned(local)];
export const i32Const = (value: number): Code => [0x41, signed(BigInt(value))];
export const i64Const = (value: bigint): Code => [0x42, signed(value)];
export const call = (index: number): Code => [0x10, unsigned(index)];

/** Loads from and stores to the address on the stack plus a fixed offset. */
export const loadU16 = (offset: number): Code => [0x2f, 0x01, unsigned(offset)];
export const i64Load = (offset: number): Code => [0x29, 0x03, unsigned(offset)];
export const i64Store = (offset: number): Code => [0x37, 0x03, unsigned(offset)];
export const i64Load32Signed = (offset: number): Code => [0x34, 0x02, unsigned(offset)];
export const i64Store32 = (offset: number): Code => [0x3e, 0x02, unsigned(offset)];

/** Runs the body, counts the local down by one, and goes on until it is zero: `do … while`. */
export const countDown = (counter: number, body: Code): Code => [
  [0x03, 0x40],
  body,
  [get(counter), i32Const(1), op.i32Sub, tee(counter)],
  [0x0d, 0x00],
  op.end,
];

// Node has it; the types of Node 20 leave it to the DOM's.
declare const WebAssembly: {
  instantiate(bytes: Uint8Array<ArrayBuffer>): Promise<{ readonly instance: { readonly exports: unknown } }>;
};

/** Compiles a module that `buildModule` made, and gives its exports. */
export async function instantiate<Exports>(module: Uint8Array<ArrayBuffer>): Promise<Exports> {
  const { instance } = await WebAssembly.instantiate(module);
  return instance.exports as Exports;
}

/** A module that exports every function by its name, and its memory as `memory`. */
export function buildModule(functions: readonly WasmFunction[], memoryPages: number): Uint8Array<ArrayBuffer> {
  const types = functions.map((f) => [0x60, vector(Array<number>(f.params).fill(0x7f)), 0x00]);
  const exports = functions.map((f, index) => [name(f.name), 0x00, unsigned(index)]);
  const bodies = functions.map((f) => {
    const locals = [
      [unsigned(f.i32Locals), 0x7f],
      [unsigned(f.i64Locals), 0x7e],
    ];
    return sized([vector(locals), f.body, op.end]);
  });
  return Uint8Array.from(
    flatten([
      [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
      section(1, vector(types)),
      section(3, vector(functions.map((_, index) => unsigned(index)))),
      section(5, vector([[0x00, unsigned(memoryPages)]])),
      section(7, vector([...exports, [name('memory'), 0x02, 0x00]])),
      section(10, vector(bodies)),
    ]),
  );
}

const section = (id: number, content: Code): Code => [id, sized(content)];
const vector = (items: readonly (number | Code)[]): Code => [unsigned(items.length), items];
const name = (text: string): Code => vector([...new TextEncoder().encode(text)]);

function sized(content: Code): Code {
  const bytes = flatten(content);
  return [unsigned(bytes.length), bytes];
}

function flatten(code: Code, into: number[] = []): number[] {
  for (const item of code) {
    if (typeof item === 'number') into.push(item);
    else flatten(item, into);
  }
  return into;
}

/** LEB128. */
function unsigned(value: number): Code {
  const bytes: number[] = [];
  let rest = value;
  do {
    const more = rest > 0x7f;
    bytes.push((rest & 0x7f) | (more ? 0x80 : 0));
    rest >>>= 7;
  } while (rest !== 0);
  return bytes;
}

function signed(value: bigint): Code {
  const bytes: number[] = [];
  let rest = value;
  for (;;) {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    const done = (rest === 0n && (low & 0x40) === 0) || (rest === -1n && (low & 0x40) !== 0);
    bytes.push(done ? low : low | 0x80);
    if (done) return bytes;
  }
}
