import { type AbiInputs, type Field, LIMITS, toHex } from '../proto/index.js';
import type {
  CircuitInputs,
  ClientPublic,
  JoinInputs,
  KernelPublic,
  RollupCircuit,
  RollupPublic,
  Siblings,
  StateAccess,
  VmInputs,
  VmPublic,
} from './circuit-inputs.js';
import type * as abi from './generated/abi.js';
import type { KeyHashes } from './keys.js';

/** The parameters of a circuit without those that take a child's proof. */
type Encoded<T> = Omit<T, `${string}_proof`>;

/**
 * Our types as the compiled ABI takes them. The return types of the encoders are generated from the ABI
 * (`generated/abi.ts`), so a circuit whose parameters change does not compile here until its encoder follows.
 */
export function encodeInputs(call: CircuitInputs, keys: KeyHashes): AbiInputs {
  switch (call.circuit) {
    case 'client':
      return {
        exposed: client(call.inputs.public),
        secret: toHex(call.inputs.secret),
        nonce: toHex(call.inputs.nonce),
      } satisfies Encoded<abi.ClientAbi>;
    case 'public-vm':
      return encodeVm(call.inputs);
    case 'public-kernel-first':
      return {
        exposed: kernel(call.inputs.public),
        keys: keyHashes(keys),
        client: client(call.inputs.client),
        vm: vm(call.inputs.vm),
      } satisfies Encoded<abi.PublicKernelFirstAbi>;
    case 'public-kernel-next':
      return {
        exposed: kernel(call.inputs.public),
        keys: keyHashes(keys),
        previous: kernel(call.inputs.previous),
        previous_is_first: call.inputs.previousIsFirst,
        vm: vm(call.inputs.vm),
      } satisfies Encoded<abi.PublicKernelNextAbi>;
    case 'base-rollup-private':
      return {
        exposed: rollup(call.inputs.public),
        keys: keyHashes(keys),
        client: client(call.inputs.client),
        nullifier_siblings: siblings(call.inputs.nullifierSiblings),
      } satisfies Encoded<abi.BaseRollupPrivateAbi>;
    case 'base-rollup-public':
      return {
        exposed: rollup(call.inputs.public),
        keys: keyHashes(keys),
        kernel: kernel(call.inputs.kernel),
        kernel_is_first: call.inputs.kernelIsFirst,
        nullifier_siblings: siblings(call.inputs.nullifierSiblings),
      } satisfies Encoded<abi.BaseRollupPublicAbi>;
    case 'merge-rollup':
      return encodeJoin(call.inputs, keys) satisfies Encoded<abi.MergeRollupAbi>;
    case 'root-rollup':
      return encodeJoin(call.inputs, keys) satisfies Encoded<abi.RootRollupAbi>;
    case 'root-rollup-single':
      return {
        exposed: rollup(call.inputs.public),
        keys: keyHashes(keys),
        child_is_public: call.inputs.childCircuit === 'base-rollup-public',
      } satisfies Encoded<abi.RootRollupSingleAbi>;
  }
}

function encodeVm(inputs: VmInputs) {
  const program = fill(inputs.program, LIMITS.programInstructionsMax, { op: 0, d: 0, a: 0, b: 0, imm: 0n });
  const unused: StateAccess = { slot: 0n, oldValue: 0n, newValue: 0n, siblings: EMPTY_SIBLINGS };
  const accesses = fill(inputs.accesses, LIMITS.stateAccessesMax, unused);
  return {
    exposed: vm(inputs.public),
    salt: toHex(inputs.salt),
    program: {
      op: program.map((instruction) => integer(instruction.op)),
      d: program.map((instruction) => integer(instruction.d)),
      a: program.map((instruction) => integer(instruction.a)),
      b: program.map((instruction) => integer(instruction.b)),
      imm: program.map((instruction) => integer(instruction.imm)),
    },
    calldata: inputs.calldata.map(toHex),
    accesses: {
      slot: accesses.map((access) => toHex(access.slot)),
      old: accesses.map((access) => toHex(access.oldValue)),
      new: accesses.map((access) => toHex(access.newValue)),
      siblings: accesses.map((access) => siblings(access.siblings)),
    },
  } satisfies Encoded<abi.PublicVmAbi>;
}

function encodeJoin(inputs: JoinInputs, keys: KeyHashes) {
  return {
    exposed: rollup(inputs.public),
    keys: keyHashes(keys),
    left: rollup(inputs.left),
    left_circuit: ROLLUP_CIRCUIT_CODES[inputs.leftCircuit],
    right: rollup(inputs.right),
    right_circuit: ROLLUP_CIRCUIT_CODES[inputs.rightCircuit],
  };
}

/** As `Keys::rollup` of `lib/src/recursion.nr` numbers them. */
const ROLLUP_CIRCUIT_CODES: Readonly<Record<RollupCircuit, string>> = {
  'base-rollup-private': integer(0),
  'base-rollup-public': integer(1),
  'merge-rollup': integer(2),
};

const EMPTY_SIBLINGS: Siblings = new Array<Field>(3 * LIMITS.stateTreeLevels).fill(0n);

function client(exposed: ClientPublic) {
  return {
    nullifier: toHex(exposed.nullifier),
    sender: toHex(exposed.sender),
    calls_hash: toHex(exposed.callsHash),
  };
}

function vm(exposed: VmPublic) {
  return {
    contract_address: toHex(exposed.contract),
    caller: toHex(exposed.caller),
    calldata_hash: toHex(exposed.calldataHash),
    gas_limit: integer(exposed.gasLimit),
    gas_used: integer(exposed.gasUsed),
    start_root: toHex(exposed.startRoot),
    end_root: toHex(exposed.endRoot),
    reverted: exposed.reverted,
    return_value: toHex(exposed.returnValue),
  };
}

function kernel(exposed: KernelPublic) {
  return {
    keys_hash: toHex(exposed.keysHash),
    nullifier: toHex(exposed.nullifier),
    sender: toHex(exposed.sender),
    calls_hash: toHex(exposed.callsHash),
    remaining_calls: toHex(exposed.remainingCalls),
    start_root: toHex(exposed.startRoot),
    end_root: toHex(exposed.endRoot),
    gas_used: integer(exposed.gasUsed),
    outcome_hash: toHex(exposed.outcomeHash),
  };
}

function rollup(exposed: RollupPublic) {
  return {
    keys_hash: toHex(exposed.keysHash),
    start_root: toHex(exposed.startRoot),
    end_root: toHex(exposed.endRoot),
    transactions: integer(exposed.transactions),
    gas_used: integer(exposed.gasUsed),
    content_hash: toHex(exposed.contentHash),
  };
}

function keyHashes(keys: KeyHashes) {
  return {
    client: keys.client,
    public_vm: keys['public-vm'],
    public_kernel_first: keys['public-kernel-first'],
    public_kernel_next: keys['public-kernel-next'],
    base_rollup_private: keys['base-rollup-private'],
    base_rollup_public: keys['base-rollup-public'],
    merge_rollup: keys['merge-rollup'],
  };
}

function siblings(path: Siblings): string[] {
  return path.map(toHex);
}

function integer(value: number | bigint): string {
  return `0x${value.toString(16)}`;
}

function fill<T>(items: readonly T[], length: number, filler: T): T[] {
  return [...items, ...new Array<T>(Math.max(0, length - items.length)).fill(filler)];
}
