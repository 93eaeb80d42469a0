import type { CircuitName, CircuitSpec } from '../proto/index.js';

/**
 * The table from circuit to program: what each is verified by, what machine it asks for, and which of its parameters
 * take a child's proof. The client circuit is proven by users; a fleet proves the others. `resourceClass` is the default
 * that a profile may change.
 */
export const CATALOGUE: Readonly<Record<CircuitName, CircuitSpec>> = {
  // With zero knowledge: a sender's secret must not leak from her proof.
  client: spec('client', 'noir-recursive', 'rollup', []),
  'public-vm': spec('public-vm', 'noir-recursive-no-zk', 'vm', []),
  'public-kernel-first': spec('public-kernel-first', 'noir-recursive-no-zk', 'rollup', ['client_proof', 'vm_proof']),
  'public-kernel-next': spec('public-kernel-next', 'noir-recursive-no-zk', 'rollup', ['previous_proof', 'vm_proof']),
  'base-rollup-private': spec('base-rollup-private', 'noir-recursive-no-zk', 'rollup', ['client_proof']),
  'base-rollup-public': spec('base-rollup-public', 'noir-recursive-no-zk', 'rollup', ['kernel_proof']),
  'merge-rollup': spec('merge-rollup', 'noir-recursive-no-zk', 'rollup', ['left_proof', 'right_proof']),
  'root-rollup': spec('root-rollup', 'evm-no-zk', 'rollup', ['left_proof', 'right_proof']),
  'root-rollup-single': spec('root-rollup-single', 'evm-no-zk', 'rollup', ['child_proof']),
};

function spec(
  name: CircuitName,
  target: CircuitSpec['target'],
  resourceClass: CircuitSpec['resourceClass'],
  childParams: readonly string[],
): CircuitSpec {
  return { name, target, resourceClass, childParams };
}

/** Points of the SRS that the largest circuits of the tree (two verifications: 2^21 gates) need. */
export const SRS_POINTS_NEEDED = 2 ** 21 + 1;
