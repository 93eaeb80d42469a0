import type { CircuitName } from '../../proto/index.js';

/** Circuits of the tree that are proven as jobs: all but the client's, whose proofs users bring. */
export type JobCircuit = Exclude<CircuitName, 'client'>;

/**
 * The parameters of each circuit that take its children's proofs, in the order in which `ProofTree.children` gives
 * them. A copy of what the catalogue of circuits says (a test holds them together), which keeps planning free of the
 * circuits' loading code.
 */
export const CHILD_PARAMS = {
  'public-vm': [],
  'public-kernel-first': ['client_proof', 'vm_proof'],
  'public-kernel-next': ['previous_proof', 'vm_proof'],
  'base-rollup-private': ['client_proof'],
  'base-rollup-public': ['kernel_proof'],
  'merge-rollup': ['left_proof', 'right_proof'],
  'root-rollup': ['left_proof', 'right_proof'],
  'root-rollup-single': ['child_proof'],
} as const satisfies Record<JobCircuit, readonly string[]>;
