/** The circuits of the proof tree, leaves first. */
export const CIRCUIT_NAMES = [
  'client',
  'public-vm',
  'public-kernel-first',
  'public-kernel-next',
  'base-rollup-private',
  'base-rollup-public',
  'merge-rollup',
  'root-rollup',
  'root-rollup-single',
] as const;

export type CircuitName = (typeof CIRCUIT_NAMES)[number];

/**
 * What a proof is verified by, in `bb`'s own words (`--verifier_target`): another circuit (with or without zero
 * knowledge in the proof), or an EVM contract.
 */
export type VerifierTarget = 'noir-recursive' | 'noir-recursive-no-zk' | 'evm' | 'evm-no-zk';

/** Kinds of machine that circuits ask for; what each means in cores and memory is set in a profile. */
export const RESOURCE_CLASSES = ['vm', 'rollup', 'gpu'] as const;
export type ResourceClass = (typeof RESOURCE_CLASSES)[number];

/** What the table from circuit to program says of one circuit: all that a worker knows of the protocol. */
export interface CircuitSpec {
  readonly name: CircuitName;
  readonly target: VerifierTarget;
  readonly resourceClass: ResourceClass;
  /** Parameters of the circuit that take a child's proof, in the order of a job's `children`. */
  readonly childParams: readonly string[];
}

/** A compiled circuit: what `bb` needs to prove it, and what a witness solver needs to make its witness. */
export interface CompiledCircuit {
  readonly spec: CircuitSpec;
  /** sha256 (hex) of the bytecode: names the program in caches. */
  readonly bytecodeHash: string;
  /** ACIR, uncompressed (`bb.js` takes it so; the `bb` command takes it gzipped). */
  readonly bytecode: Uint8Array;
  /** The artefact as the compiler wrote it, for the witness solver: `abi`, `bytecode` (base64 of gzip), versions. */
  readonly artifact: { readonly abi: unknown; readonly bytecode: string; readonly noir_version: string };
}

/** Field elements of a key that circuits take, in Barretenberg 5.0.0. */
export const RECURSIVE_KEY_FIELDS = 115;

/** A verification key as `bb` 5.0.0 makes it. Keys depend on the circuit, the SRS and the prover's version. */
export interface VerificationKey {
  readonly bytes: Uint8Array;
  /** `RECURSIVE_KEY_FIELDS` field elements: the form in which a circuit takes the key (none for EVM targets, which no circuit takes). */
  readonly fields: readonly string[];
  /** Poseidon2 hash of the key, as `bb` computes it and circuits check it. 0x-prefixed, 64 digits. */
  readonly hash: string;
}
