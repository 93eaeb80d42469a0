import type { Instruction } from '../circuit-inputs.js';
import { operationOf } from './instruction-set.js';

/** One instruction as the assembly writes it, jump targets as numbers; an unknown op shows as `op 17`. */
export function disassembleInstruction(instruction: Instruction): string {
  const operation = operationOf(instruction.op);
  if (operation === undefined) return `op ${instruction.op}`;
  const operands = operation.operands.map((operand) =>
    operand === 'd' || operand === 'a' || operand === 'b' ? `r${instruction[operand]}` : `${instruction.imm}`,
  );
  return [operation.name, ...operands].join(' ');
}

/** A program as text that `assemble` turns into the same program. */
export function disassemble(program: readonly Instruction[]): string {
  return program.map((instruction) => `${disassembleInstruction(instruction)}\n`).join('');
}
