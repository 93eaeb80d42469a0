import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ERROR_CODES, type EspalierError } from '../../common/index.js';
import type { Instruction } from '../circuit-inputs.js';
import { assemble } from './assemble.js';
import { disassemble } from './disassemble.js';
import { OPERATIONS } from './instruction-set.js';

function lineOf(source: string): string {
  try {
    assemble(source);
  } catch (thrown) {
    const error = thrown as EspalierError;
    expect(Object.keys(ERROR_CODES)).toContain(error.code);
    return error.toLine();
  }
  throw new Error('assembled');
}

test('reads labels, constants, comments, commas and both radices', () => {
  const program = assemble(`
    .const LIMIT 0x10     ; a constant
    start: set r1, LIMIT  # the first instruction
      addi r2 r1 7
    again:
      jumpif r2 start
      jump again
  `);
  expect(program).toEqual([
    { op: 2, d: 1, a: 0, b: 0, imm: 16n },
    { op: 16, d: 2, a: 1, b: 0, imm: 7n },
    { op: 10, d: 0, a: 2, b: 0, imm: 0n },
    { op: 9, d: 0, a: 0, b: 0, imm: 2n },
  ]);
});

test.each([
  ['', 'a program without instructions; end it with return or revert'],
  ['return r0\nstor r1 r2', 'line 2: unknown instruction "stor"; use one of revert, return, set, mov, '],
  ['load r1', 'line 1: "load" takes 2 operands, not 1; write "load rd ra"'],
  ['return r16', 'line 1: "r16" is not a register; use r0 to r15: "return ra"'],
  ['return r01', 'line 1: "r01" is not a register; use r0 to r15: "return ra"'],
  ['set r1 0x10000000000000000', 'line 1: "0x10000000000000000" is not a value; use decimal or 0x digits below 2^64'],
  ['.const A 1\nset r1 B', 'line 2: "B" is not a value; use decimal or 0x digits below 2^64, or a constant (A)'],
  ['arg r1 8', 'line 1: there is no calldata word 8; use 0 to 7'],
  ['here: jump there', 'line 1: no jump target "there"; use a label (here) or 0 to 63'],
  ['jump 64', 'line 1: no jump target "64"; use a label (none is defined) or 0 to 63'],
  ['a: return r0\na: return r0', 'line 2: "a" is defined twice; rename one of them'],
  ['r1: return r0', 'line 1: "r1" cannot be a name; use letters, digits and _'],
  ['.const A', 'line 1: ".const" takes a name and a value; for example .const FEE 3'],
  ['mov r0 r0\n'.repeat(65), 'line 65: more than 64 instructions; shorten the program'],
  ['mov r0 r0\n'.repeat(64), 'line 64: the last of 64 instructions would fall off the program; end with return'],
  [
    `${'return r0\n'.repeat(64)}end:`,
    'label "end" stands at 64, behind the last instruction; jump targets are 0 to 63',
  ],
  ['x'.repeat(16_385), 'a program of 16385 characters is too long; shorten it to 16384 characters'],
])('names the line and the remedy: %#', (source, expected) => {
  expect(lineOf(source)).toContain(expected);
});

const instruction: fc.Arbitrary<Instruction> = fc
  .record({
    op: fc.nat(OPERATIONS.length - 1),
    d: fc.nat(15),
    a: fc.nat(15),
    b: fc.nat(15),
    imm: fc.bigInt(0n, 2n ** 64n - 1n),
  })
  .map((raw) => {
    const operands: readonly string[] = OPERATIONS[raw.op]?.operands ?? [];
    const imm = operands.includes('imm') ? raw.imm : operands.includes('word') ? raw.imm % 8n : raw.imm % 64n;
    return {
      op: raw.op,
      d: operands.includes('d') ? raw.d : 0,
      a: operands.includes('a') ? raw.a : 0,
      b: operands.includes('b') ? raw.b : 0,
      imm: operands.some((operand) => operand.length > 1) ? imm : 0n,
    };
  });

test('disassembled programs assemble to themselves', () => {
  fc.assert(
    fc.property(fc.array(instruction, { minLength: 1, maxLength: 63 }), (program) => {
      expect(assemble(disassemble(program))).toEqual(program);
    }),
  );
});

test('anything else is an error of ours, never a crash', () => {
  const words = [
    ...OPERATIONS.map((operation) => operation.name),
    'r0',
    'r15',
    'r99',
    '7',
    'x:',
    'x',
    '.const',
    '\n',
    ';',
    ':',
  ];
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.constantFrom(...words), fc.string()), { maxLength: 30 }), (parts) => {
      try {
        expect(assemble(parts.join(' ')).length).toBeLessThanOrEqual(64);
      } catch (thrown) {
        expect((thrown as EspalierError).code).toBe('block-invalid');
      }
    }),
  );
});
