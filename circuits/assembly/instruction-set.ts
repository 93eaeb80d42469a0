/** Where an operand of the assembly goes: a register field, the immediate, or the immediate as a jump target. */
export type Operand = 'd' | 'a' | 'b' | 'imm' | 'word' | 'label';

export interface Operation {
  readonly op: number;
  readonly name: string;
  /** In the order in which the assembly writes them. */
  readonly operands: readonly Operand[];
  readonly gas: number;
}

/** The public VM's instructions, by op (docs/circuits.md, `circuits/lib/src/vm.nr`). */
export const OPERATIONS = [
  { op: 0, name: 'revert', operands: ['a'], gas: 1 },
  { op: 1, name: 'return', operands: ['a'], gas: 1 },
  { op: 2, name: 'set', operands: ['d', 'imm'], gas: 1 },
  { op: 3, name: 'mov', operands: ['d', 'a'], gas: 1 },
  { op: 4, name: 'add', operands: ['d', 'a', 'b'], gas: 1 },
  { op: 5, name: 'sub', operands: ['d', 'a', 'b'], gas: 1 },
  { op: 6, name: 'mul', operands: ['d', 'a', 'b'], gas: 1 },
  { op: 7, name: 'eq', operands: ['d', 'a', 'b'], gas: 1 },
  { op: 8, name: 'lt', operands: ['d', 'a', 'b'], gas: 2 },
  { op: 9, name: 'jump', operands: ['label'], gas: 1 },
  { op: 10, name: 'jumpif', operands: ['a', 'label'], gas: 1 },
  { op: 11, name: 'hash', operands: ['d', 'a', 'b'], gas: 4 },
  { op: 12, name: 'load', operands: ['d', 'a'], gas: 16 },
  { op: 13, name: 'store', operands: ['a', 'b'], gas: 32 },
  { op: 14, name: 'arg', operands: ['d', 'word'], gas: 1 },
  { op: 15, name: 'caller', operands: ['d'], gas: 1 },
  { op: 16, name: 'addi', operands: ['d', 'a', 'imm'], gas: 1 },
] as const satisfies readonly Operation[];

export type OperationName = (typeof OPERATIONS)[number]['name'];

const BY_NAME: ReadonlyMap<string, Operation> = new Map(OPERATIONS.map((operation) => [operation.name, operation]));

export function operationNamed(name: string): Operation | undefined {
  return BY_NAME.get(name);
}

/** Undefined for an op that cannot be proven. */
export function operationOf(op: number): (Operation & { readonly name: OperationName }) | undefined {
  return OPERATIONS[op];
}

/** The op of a name, for code that must name instructions without writing numbers. */
export const OP = Object.fromEntries(OPERATIONS.map(({ name, op }) => [name, op])) as Readonly<
  Record<OperationName, number>
>;
