/** The public VM's assembly: text to instructions and back, and the hash by which a program is committed. */
export { assemble } from './assemble.js';
export { disassemble, disassembleInstruction } from './disassemble.js';
export {
  OP,
  OPERATIONS,
  type Operand,
  type Operation,
  type OperationName,
  operationNamed,
  operationOf,
} from './instruction-set.js';
export { contractAddress, packInstruction, padProgram, programHash } from './program-hash.js';
