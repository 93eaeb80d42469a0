import { type Field, LIMITS } from '../../proto/index.js';
import type { Instruction } from '../circuit-inputs.js';
import type { Hasher } from '../poseidon2/hasher.js';
import { TAGS } from '../protocol-hashes.js';

/** What programs are padded with: `revert r0`. */
export const PADDING: Instruction = { op: 0, d: 0, a: 0, b: 0, imm: 0n };

/** One field element an instruction: `op + d*2^8 + a*2^16 + b*2^24 + imm*2^32`. */
export function packInstruction(instruction: Instruction): Field {
  const { op, d, a, b, imm } = instruction;
  return BigInt(op) | (BigInt(d) << 8n) | (BigInt(a) << 16n) | (BigInt(b) << 24n) | (imm << 32n);
}

/** The program padded to `LIMITS.programInstructionsMax` instructions. */
export function padProgram(program: readonly Instruction[]): Instruction[] {
  return Array.from({ length: LIMITS.programInstructionsMax }, (_, index) => program[index] ?? PADDING);
}

export function programHash(hasher: Hasher, program: readonly Instruction[]): Field {
  return hasher.hash([TAGS.program, ...padProgram(program).map(packInstruction)]);
}

/** The address of the contract that a program and a salt make. */
export function contractAddress(hasher: Hasher, program: Field, salt: Field): Field {
  return hasher.hash([TAGS.contract, program, salt]);
}
