import { Bitset } from '../plan/bitset.js';
import type { ProofTree } from '../plan/proof-tree.js';

/**
 * Jobs that must still be proven for the root to be proven: those neither finished nor below a finished one. A job below
 * a finished one needs no proof, whether its own is still there or was deleted long ago.
 */
export function neededJobs(tree: ProofTree, finished: Bitset): Bitset {
  const needed = new Bitset(tree.size);
  for (let job = tree.size - 1; job >= 0; job--) {
    const parent = tree.parent(job);
    if (!finished.has(job) && (parent < 0 || needed.has(parent))) needed.add(job);
  }
  return needed;
}
