import { expect, test } from 'vitest';
import { assemble, createHasher } from '../../circuits/index.js';
import type { EspalierError } from '../../common/index.js';
import { FIELD_MODULUS, type Field } from '../../proto/index.js';
import { type CallOutcome, interpret } from './interpret.js';

const hasher = await createHasher();

interface Run extends CallOutcome {
  readonly storage: ReadonlyMap<Field, Field>;
}

function run(source: string, options: { calldata?: Field[]; gasLimit?: number } = {}): Run {
  const storage = new Map<Field, Field>();
  const outcome = interpret(hasher, {
    program: assemble(source),
    caller: 77n,
    calldata: options.calldata ?? [],
    gasLimit: options.gasLimit ?? 4096,
    load: (slot) => storage.get(slot) ?? 0n,
    store: (slot, value) => storage.set(slot, value),
  });
  return { ...outcome, storage };
}

function lineOf(source: string, gasLimit = 4096): string {
  try {
    run(source, { gasLimit });
  } catch (thrown) {
    const error = thrown as EspalierError;
    expect(error.code).toBe('block-not-executable');
    return error.toLine();
  }
  throw new Error('was run');
}

const P = FIELD_MODULUS;

test.each<[string, Field, number]>([
  ['set r1 18446744073709551615', 2n ** 64n - 1n, 1],
  ['set r2 5\nmov r1 r2', 5n, 2],
  ['set r2 5\nset r3 6\nsub r1 r2 r3', P - 1n, 3],
  ['set r2 5\nset r3 6\nsub r4 r2 r3\nadd r1 r4 r3', 5n, 4],
  ['set r2 5\nset r3 6\nsub r4 r2 r3\nmul r1 r4 r4', 1n, 4],
  ['set r2 5\nset r3 6\nsub r4 r2 r3\naddi r1 r4 9', 8n, 4],
  ['eq r1 r0 r2', 1n, 1],
  ['set r2 1\neq r1 r0 r2', 0n, 2],
  ['set r2 1\nlt r1 r0 r2', 1n, 3],
  ['lt r1 r0 r2', 0n, 2],
  ['set r2 1\nsub r3 r0 r2\nlt r1 r2 r3', 1n, 4],
  ['set r2 1\nsub r3 r0 r2\nlt r1 r3 r2', 0n, 4],
  ['set r2 8\nhash r1 r2 r0', hasher.hash([8n, 0n]), 5],
  ['arg r1 1', 31n, 1],
  ['arg r1 7', 0n, 1],
  ['caller r1', 77n, 1],
  ['set r2 3\nstore r2 r2\nload r1 r2', 3n, 49],
  ['set r1 4\njump on\nset r1 5\non:', 4n, 2],
  ['set r1 4\njumpif r1 on\nset r1 5\non:', 4n, 2],
  ['set r1 4\njumpif r0 on\nset r1 5\non:', 5n, 3],
  ['set r1 4\nadd r1 r1 r1', 8n, 2],
])('%j returns %i', (source, value, gasBeforeReturn) => {
  const outcome = run(`${source}\nreturn r1`, { calldata: [30n, 31n] });
  expect(outcome.returnValue).toBe(value);
  expect(outcome.reverted).toBe(false);
  expect(outcome.gasUsed).toBe(gasBeforeReturn + 1);
});

test('falls off a short program into the padding, which reverts with r0', () => {
  expect(run('set r0 9')).toMatchObject({ reverted: true, returnValue: 9n, gasUsed: 2, steps: 2 });
});

test('exactly the gas limit is enough, and one less names step, instruction and need', () => {
  const source = 'set r1 1\nset r2 2\nstore r1 r2\nreturn r0';
  expect(run(source, { gasLimit: 35 }).gasUsed).toBe(35);
  expect(lineOf(source, 33)).toBe(
    'out of gas at step 3 (instruction 2 "store r1 r2"): needs 34, gas limit is 33; raise gasLimit (at most 4096)',
  );
  expect(lineOf(source, 34)).toContain('out of gas at step 4 (instruction 3 "return r0"): needs 35, gas limit is 34');
});

test('128 steps are enough, 129 are not', () => {
  const counting = (rounds: number, extra: string) =>
    `set r1 ${rounds}\nset r2 1\nnext: sub r1 r1 r2\njumpif r1 next\n${extra}return r0`;
  expect(run(counting(62, 'mov r0 r0\n')).steps).toBe(128);
  expect(lineOf(counting(62, 'mov r0 r0\nmov r0 r0\n'))).toBe(
    'no end at step 129 (instruction 6 "return r0"): a call has 128 steps; make the program or its loops shorter',
  );
  expect(lineOf('here: jump here')).toContain('no end at step 129 (instruction 0 "jump 0")');
});

test('8 accesses are enough, 9 are not', () => {
  expect(run(`${'load r1 r2\n'.repeat(8)}return r1`).gasUsed).toBe(129);
  expect(lineOf(`${'load r1 r2\n'.repeat(8)}store r1 r2\nreturn r1`)).toContain(
    'too many state accesses at step 9 (instruction 8 "store r1 r2"): a call has 8',
  );
});

test('refuses what no assembler makes: an unknown op, a pc behind the program', () => {
  const broken = (op: number, imm: bigint) => () =>
    interpret(hasher, {
      program: [{ op, d: 0, a: 0, b: 0, imm }],
      caller: 0n,
      calldata: [],
      gasLimit: 9,
      load: () => 0n,
      store: () => undefined,
    });
  expect(broken(17, 0n)).toThrow('instruction 0, come to at step 1, has the unknown op 17');
  expect(broken(9, 64n)).toThrow('instruction 64, come to at step 2, is outside the program');
});
