import {
  disassembleInstruction,
  type Hasher,
  type Instruction,
  type Operation,
  type OperationName,
  operationOf,
  padProgram,
} from '../../circuits/index.js';
import { EspalierError } from '../../common/index.js';
import { FIELD_MODULUS, type Field, LIMITS } from '../../proto/index.js';

/** What a call runs on. */
export interface CallEnvironment {
  readonly program: readonly Instruction[];
  readonly caller: Field;
  readonly calldata: readonly Field[];
  readonly gasLimit: number;
  /** The value of a slot of the contract's storage. */
  load(slot: Field): Field;
  store(slot: Field, value: Field): void;
}

export interface CallOutcome {
  readonly reverted: boolean;
  readonly returnValue: Field;
  readonly gasUsed: number;
  /** The halting instruction included. */
  readonly steps: number;
}

interface Machine {
  readonly registers: Field[];
  pc: number;
  halted: boolean;
}

/**
 * Runs one call by the rules of docs/circuits.md. Throws `block-not-executable` when it does not halt within the limits
 * on gas, steps and state accesses, or comes to what is no instruction: such a call cannot be proven. Steps are counted
 * from 1, instructions from 0.
 */
export function interpret(hasher: Hasher, environment: CallEnvironment): CallOutcome {
  const program = padProgram(environment.program);
  const machine: Machine = { registers: new Array<Field>(LIMITS.registers).fill(0n), pc: 0, halted: false };
  let gasUsed = 0;
  let accesses = 0;
  for (let step = 1; ; step += 1) {
    const instruction = program[machine.pc];
    const operation = instruction && operationOf(instruction.op);
    if (instruction === undefined || operation === undefined) throw notAnInstruction(step, machine.pc, instruction);
    const where = () => `at step ${step} (instruction ${machine.pc} "${disassembleInstruction(instruction)}")`;
    if (step > LIMITS.stepsMax) {
      throw refusal(`no end ${where()}: a call has ${LIMITS.stepsMax} steps`, 'make the program or its loops shorter');
    }
    gasUsed += operation.gas;
    if (gasUsed > environment.gasLimit) throw outOfGas(where(), gasUsed, environment.gasLimit);
    if (accessesState(operation)) accesses += 1;
    if (accesses > LIMITS.stateAccessesMax) {
      throw refusal(
        `too many state accesses ${where()}: a call has ${LIMITS.stateAccessesMax}`,
        'keep values in registers, or split the call',
      );
    }
    const value = execute(hasher, environment, machine, operation.name, instruction);
    if (machine.halted) return { reverted: operation.name === 'revert', returnValue: value, gasUsed, steps: step };
  }
}

/** Does what one instruction says, and returns what it computed (for a halting one: the return value). */
function execute(
  hasher: Hasher,
  environment: CallEnvironment,
  machine: Machine,
  name: OperationName,
  { d, a, b, imm }: Instruction,
): Field {
  const { registers } = machine;
  const [x, y] = [registers[a] ?? 0n, registers[b] ?? 0n];
  let next = machine.pc + 1;
  const write = (value: Field): Field => {
    registers[d] = value;
    return value;
  };
  const result = ((): Field => {
    switch (name) {
      case 'revert':
      case 'return':
        machine.halted = true;
        return x;
      case 'set':
        return write(imm);
      case 'mov':
        return write(x);
      case 'add':
        return write((x + y) % FIELD_MODULUS);
      case 'sub':
        return write((x - y + FIELD_MODULUS) % FIELD_MODULUS);
      case 'mul':
        return write((x * y) % FIELD_MODULUS);
      case 'eq':
        return write(x === y ? 1n : 0n);
      case 'lt':
        return write(x < y ? 1n : 0n);
      case 'jump':
        next = Number(imm);
        return x;
      case 'jumpif':
        if (x !== 0n) next = Number(imm);
        return x;
      case 'hash':
        return write(hasher.hash([x, y]));
      case 'load':
        return write(environment.load(x));
      case 'store':
        environment.store(x, y);
        return y;
      case 'arg':
        return write(environment.calldata[Number(imm)] ?? 0n);
      case 'caller':
        return write(environment.caller);
      case 'addi':
        return write((x + imm) % FIELD_MODULUS);
    }
  })();
  machine.pc = next;
  return result;
}

function accessesState(operation: Operation): boolean {
  return operation.name === 'load' || operation.name === 'store';
}

function notAnInstruction(step: number, pc: number, instruction: Instruction | undefined): EspalierError {
  const what = instruction === undefined ? 'is outside the program' : `has the unknown op ${instruction.op}`;
  return refusal(`instruction ${pc}, come to at step ${step}, ${what}`, 'mend the program');
}

function outOfGas(where: string, needed: number, gasLimit: number): EspalierError {
  return refusal(
    `out of gas ${where}: needs ${needed}, gas limit is ${gasLimit}`,
    needed > LIMITS.callGasMax
      ? `split the call: it may use ${LIMITS.callGasMax}`
      : `raise gasLimit (at most ${LIMITS.callGasMax})`,
  );
}

function refusal(message: string, remedy: string): EspalierError {
  return new EspalierError('block-not-executable', message, { remedy });
}
