import { EspalierError } from '../../common/index.js';
import { LIMITS } from '../../proto/index.js';
import type { Instruction } from '../circuit-inputs.js';
import { OPERATIONS, type Operand, type Operation, operationNamed } from './instruction-set.js';

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const REGISTER = /^r(0|[1-9][0-9]?)$/;
const IMM_END = 1n << 64n;

interface Line {
  readonly number: number;
  readonly words: readonly string[];
}

interface Symbols {
  readonly labels: ReadonlyMap<string, number>;
  readonly constants: ReadonlyMap<string, bigint>;
}

interface OpenSymbols {
  readonly labels: Map<string, number>;
  readonly constants: Map<string, bigint>;
}

/**
 * Assembles the text of a program (docs/circuits.md, "Assembly") into at most 64 instructions, unpadded.
 * Throws `block-invalid` that names the line, what is wrong with it and what is allowed there.
 */
export function assemble(source: string): Instruction[] {
  if (source.length > LIMITS.sourceCharsMax) {
    throw new EspalierError('block-invalid', `a program of ${source.length} characters is too long`, {
      remedy: `shorten it to ${LIMITS.sourceCharsMax} characters`,
    });
  }
  const { lines, symbols } = firstPass(source);
  const program = lines.map((line) => assembleLine(line, symbols));
  const last = lines.at(-1);
  if (last === undefined) {
    throw new EspalierError('block-invalid', 'a program without instructions', {
      remedy: 'end it with return or revert',
    });
  }
  if (program.length === LIMITS.programInstructionsMax && !['revert', 'return', 'jump'].includes(last.words[0] ?? '')) {
    throw fault(
      last,
      `the last of ${program.length} instructions would fall off the program`,
      'end with return, revert or jump',
    );
  }
  return program;
}

/** Collects labels and constants, and leaves the lines that hold instructions. */
function firstPass(source: string): { lines: Line[]; symbols: Symbols } {
  const labels = new Map<string, number>();
  const constants = new Map<string, bigint>();
  const lines: Line[] = [];
  for (const [index, text] of source.split(/\r\n|\r|\n/).entries()) {
    const line = { number: index + 1, words: wordsOf(text) };
    const [first, ...rest] = line.words;
    if (first === undefined) continue;
    if (first === '.const') {
      defineConstant({ labels, constants }, line);
    } else if (first.endsWith(':')) {
      defineLabel({ labels, constants }, line, first.slice(0, -1), lines.length);
      if (rest.length > 0) pushInstruction(lines, { number: line.number, words: rest });
    } else {
      pushInstruction(lines, line);
    }
  }
  for (const [label, target] of labels) {
    if (target < LIMITS.programInstructionsMax) continue;
    throw new EspalierError('block-invalid', `label "${label}" stands at ${target}, behind the last instruction`, {
      remedy: `jump targets are 0 to ${LIMITS.programInstructionsMax - 1}`,
    });
  }
  return { lines, symbols: { labels, constants } };
}

function wordsOf(text: string): string[] {
  const code = text.replace(/[;#].*$/, '').trim();
  return code === '' ? [] : code.split(/[\s,]+/);
}

function pushInstruction(lines: Line[], line: Line): void {
  if (lines.length === LIMITS.programInstructionsMax) {
    throw fault(line, `more than ${LIMITS.programInstructionsMax} instructions`, 'shorten the program');
  }
  lines.push(line);
}

function defineConstant(symbols: OpenSymbols, line: Line): void {
  const [, name, value, ...rest] = line.words;
  if (name === undefined || value === undefined || rest.length > 0) {
    throw fault(line, '".const" takes a name and a value', 'for example .const FEE 3');
  }
  checkName(symbols, line, name);
  symbols.constants.set(name, parseImmediate(line, value, symbols));
}

function defineLabel(symbols: OpenSymbols, line: Line, name: string, target: number): void {
  checkName(symbols, line, name);
  symbols.labels.set(name, target);
}

function checkName(symbols: Symbols, line: Line, name: string): void {
  if (!NAME.test(name) || REGISTER.test(name)) {
    throw fault(
      line,
      `"${name}" cannot be a name`,
      'use letters, digits and _, beginning with a letter, and no register',
    );
  }
  if (symbols.labels.has(name) || symbols.constants.has(name)) {
    throw fault(line, `"${name}" is defined twice`, 'rename one of them');
  }
}

function assembleLine(line: Line, symbols: Symbols): Instruction {
  const [name = '', ...operands] = line.words;
  const operation = operationNamed(name);
  if (operation === undefined) {
    throw fault(
      line,
      `unknown instruction "${name}"`,
      `use one of ${OPERATIONS.map((known) => known.name).join(', ')}`,
    );
  }
  if (operands.length !== operation.operands.length) {
    throw fault(
      line,
      `"${name}" takes ${operation.operands.length} operand${operation.operands.length === 1 ? '' : 's'}, not ${operands.length}`,
      `write ${usage(operation)}`,
    );
  }
  const fields = { op: operation.op, d: 0, a: 0, b: 0, imm: 0n };
  operation.operands.forEach((operand, index) => {
    const text = operands[index] ?? '';
    if (operand === 'd' || operand === 'a' || operand === 'b') fields[operand] = parseRegister(line, text, operation);
    else
      fields.imm = operand === 'label' ? parseTarget(line, text, symbols) : parseBounded(line, text, operand, symbols);
  });
  return fields;
}

function parseRegister(line: Line, text: string, operation: Operation): number {
  const number = REGISTER.test(text) ? Number(text.slice(1)) : Number.NaN;
  if (number < LIMITS.registers) return number;
  throw fault(line, `"${text}" is not a register`, `use r0 to r${LIMITS.registers - 1}: ${usage(operation)}`);
}

function parseTarget(line: Line, text: string, symbols: Symbols): bigint {
  const target = symbols.labels.get(text);
  if (target !== undefined) return BigInt(target);
  if (/^[0-9]/.test(text) && parseImmediate(line, text, symbols) < BigInt(LIMITS.programInstructionsMax)) {
    return parseImmediate(line, text, symbols);
  }
  const known = [...symbols.labels.keys()].join(', ') || 'none is defined';
  throw fault(line, `no jump target "${text}"`, `use a label (${known}) or 0 to ${LIMITS.programInstructionsMax - 1}`);
}

function parseBounded(line: Line, text: string, operand: Operand, symbols: Symbols): bigint {
  const value = parseImmediate(line, text, symbols);
  if (operand !== 'word' || value < BigInt(LIMITS.calldataWords)) return value;
  throw fault(line, `there is no calldata word ${text}`, `use 0 to ${LIMITS.calldataWords - 1}`);
}

function parseImmediate(line: Line, text: string, symbols: Symbols): bigint {
  const constant = symbols.constants.get(text);
  if (constant !== undefined) return constant;
  const value = /^(0x[0-9a-fA-F]+|[0-9]+)$/.test(text) ? BigInt(text) : IMM_END;
  if (value < IMM_END) return value;
  const known = [...symbols.constants.keys()];
  const orConstant = known.length === 0 ? '' : `, or a constant (${known.join(', ')})`;
  throw fault(line, `"${text}" is not a value`, `use decimal or 0x digits below 2^64${orConstant}`);
}

/** An operation as it is written, with the operands' kinds: `load rd ra`. */
function usage(operation: Operation): string {
  const shown = operation.operands.map((operand) => (operand.length === 1 ? `r${operand}` : operand));
  return [`"${operation.name}`, ...shown].join(' ').concat('"');
}

function fault(line: Line, message: string, remedy: string): EspalierError {
  return new EspalierError('block-invalid', `line ${line.number}: ${message}`, { remedy });
}
