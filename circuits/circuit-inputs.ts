import type { Field } from '../proto/index.js';

/**
 * Inputs of each circuit in our own terms, as the executor makes them; `encode…` turns them into what the compiled ABI
 * takes. Structs whose names end in `Public` mirror the Noir structs of docs/circuits.md, field by field.
 */

export interface ClientPublic {
  readonly nullifier: Field;
  readonly sender: Field;
  readonly callsHash: Field;
}

export interface VmPublic {
  readonly contract: Field;
  readonly caller: Field;
  readonly calldataHash: Field;
  readonly gasLimit: number;
  readonly gasUsed: number;
  readonly startRoot: Field;
  readonly endRoot: Field;
  readonly reverted: boolean;
  readonly returnValue: Field;
}

export interface KernelPublic {
  readonly keysHash: Field;
  readonly nullifier: Field;
  readonly sender: Field;
  readonly callsHash: Field;
  readonly remainingCalls: Field;
  readonly startRoot: Field;
  readonly endRoot: Field;
  readonly gasUsed: number;
  readonly outcomeHash: Field;
}

/** Of base, merge and root circuits alike. */
export interface RollupPublic {
  readonly keysHash: Field;
  readonly startRoot: Field;
  readonly endRoot: Field;
  readonly transactions: number;
  readonly gasUsed: number;
  readonly contentHash: Field;
}

/** `LIMITS.stateTreeLevels` times three siblings, level 0 (next to the leaves) first, in the order of child index. */
export type Siblings = readonly Field[];

export interface Instruction {
  readonly op: number;
  readonly d: number;
  readonly a: number;
  readonly b: number;
  readonly imm: bigint;
}

export interface StateAccess {
  readonly slot: Field;
  readonly oldValue: Field;
  /** Equal to `oldValue` for a read. */
  readonly newValue: Field;
  /** Of the tree as it is just before this access. */
  readonly siblings: Siblings;
}

export interface ClientInputs {
  readonly public: ClientPublic;
  readonly secret: Field;
  readonly nonce: Field;
}

export interface VmInputs {
  readonly public: VmPublic;
  readonly salt: Field;
  /** At most `LIMITS.programInstructionsMax`, unpadded. */
  readonly program: readonly Instruction[];
  /** Exactly `LIMITS.calldataWords`. */
  readonly calldata: readonly Field[];
  /** In order, at most `LIMITS.stateAccessesMax`, unpadded. */
  readonly accesses: readonly StateAccess[];
}

/** The first kernel: verifies the client proof and call 0. */
export interface KernelFirstInputs {
  readonly public: KernelPublic;
  readonly client: ClientPublic;
  readonly vm: VmPublic;
}

/** Every later kernel: verifies the kernel before it and the next call. */
export interface KernelNextInputs {
  readonly public: KernelPublic;
  readonly previous: KernelPublic;
  readonly previousIsFirst: boolean;
  readonly vm: VmPublic;
}

/** Base of a transaction without calls: verifies the client proof. */
export interface BasePrivateInputs {
  readonly public: RollupPublic;
  readonly client: ClientPublic;
  readonly nullifierSiblings: Siblings;
}

/** Base of a transaction with calls: verifies its last kernel. */
export interface BasePublicInputs {
  readonly public: RollupPublic;
  readonly kernel: KernelPublic;
  /** Whether the last kernel is also the first. */
  readonly kernelIsFirst: boolean;
  readonly nullifierSiblings: Siblings;
}

export type RollupCircuit = 'base-rollup-private' | 'base-rollup-public' | 'merge-rollup';

/** Merge, and the root of two children. */
export interface JoinInputs {
  readonly public: RollupPublic;
  readonly left: RollupPublic;
  readonly leftCircuit: RollupCircuit;
  readonly right: RollupPublic;
  readonly rightCircuit: RollupCircuit;
}

/** The root of a block of one transaction. */
export interface RootSingleInputs {
  readonly public: RollupPublic;
  readonly child: RollupPublic;
  readonly childCircuit: RollupCircuit;
}

/** A circuit with its inputs. */
export type CircuitInputs =
  | { readonly circuit: 'client'; readonly inputs: ClientInputs }
  | { readonly circuit: 'public-vm'; readonly inputs: VmInputs }
  | { readonly circuit: 'public-kernel-first'; readonly inputs: KernelFirstInputs }
  | { readonly circuit: 'public-kernel-next'; readonly inputs: KernelNextInputs }
  | { readonly circuit: 'base-rollup-private'; readonly inputs: BasePrivateInputs }
  | { readonly circuit: 'base-rollup-public'; readonly inputs: BasePublicInputs }
  | { readonly circuit: 'merge-rollup' | 'root-rollup'; readonly inputs: JoinInputs }
  | { readonly circuit: 'root-rollup-single'; readonly inputs: RootSingleInputs };
