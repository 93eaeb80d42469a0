import type {
  CircuitInputs,
  ClientPublic,
  Instruction,
  KernelPublic,
  RollupCircuit,
  RollupPublic,
  VmPublic,
} from '../../circuits/index.js';
import { EspalierError } from '../../common/index.js';
import type { Field } from '../../proto/index.js';
import type { SiblingPath } from '../state/index.js';

export interface ExecutedAccess {
  readonly slot: Field;
  readonly oldValue: Field;
  readonly newValue: Field;
  readonly path: SiblingPath;
}

/** One call: what its VM proof and the kernel that consumes it are about. */
export interface ExecutedCall {
  readonly vm: VmPublic;
  /** What the kernel proof of this call exposes. */
  readonly kernel: KernelPublic;
  readonly program: readonly Instruction[];
  readonly salt: Field;
  /** Padded. */
  readonly calldata: readonly Field[];
  readonly accesses: readonly ExecutedAccess[];
  readonly steps: number;
}

/** A child of a merge or a root: its circuit and what it exposes. */
export interface RollupNode {
  readonly circuit: RollupCircuit;
  readonly public: RollupPublic;
}

/** One executed transaction: what each of its proofs exposes, and the inputs of each of its circuits on demand. */
export class ExecutedTransaction implements RollupNode {
  readonly index: number;
  readonly client: ClientPublic;
  readonly calls: readonly ExecutedCall[];
  /** What the base proof exposes. */
  readonly public: RollupPublic;
  readonly nullifierPath: SiblingPath;

  constructor(facts: {
    readonly index: number;
    readonly client: ClientPublic;
    readonly calls: readonly ExecutedCall[];
    readonly public: RollupPublic;
    readonly nullifierPath: SiblingPath;
  }) {
    this.index = facts.index;
    this.client = facts.client;
    this.calls = facts.calls;
    this.public = facts.public;
    this.nullifierPath = facts.nullifierPath;
  }

  /** The base's circuit. */
  get circuit(): 'base-rollup-private' | 'base-rollup-public' {
    return this.calls.length === 0 ? 'base-rollup-private' : 'base-rollup-public';
  }

  /** Inputs of the VM circuit for a call. */
  vmInputs(call: number): CircuitInputs {
    const { vm, salt, program, calldata, accesses } = this.#call(call);
    const expanded = accesses.map(({ path, ...access }) => ({ ...access, siblings: path.expand() }));
    return { circuit: 'public-vm', inputs: { public: vm, salt, program, calldata, accesses: expanded } };
  }

  /** Inputs of the kernel that consumes a call. */
  kernelInputs(call: number): CircuitInputs {
    const { vm, kernel } = this.#call(call);
    if (call === 0) {
      return { circuit: 'public-kernel-first', inputs: { public: kernel, client: this.client, vm } };
    }
    const previous = this.#call(call - 1).kernel;
    const inputs = { public: kernel, previous, previousIsFirst: call === 1, vm };
    return { circuit: 'public-kernel-next', inputs };
  }

  baseInputs(): CircuitInputs {
    const nullifierSiblings = this.nullifierPath.expand();
    const last = this.calls.at(-1);
    if (last === undefined) {
      const inputs = { public: this.public, client: this.client, nullifierSiblings };
      return { circuit: 'base-rollup-private', inputs };
    }
    const kernelIsFirst = this.calls.length === 1;
    const inputs = { public: this.public, kernel: last.kernel, kernelIsFirst, nullifierSiblings };
    return { circuit: 'base-rollup-public', inputs };
  }

  #call(index: number): ExecutedCall {
    const call = this.calls[index];
    if (call !== undefined) return call;
    throw new EspalierError('internal', `tx ${this.index} has ${this.calls.length} calls and no call ${index}`);
  }
}
