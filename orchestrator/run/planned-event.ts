import type { ProverIdentity, RunEventBody } from '../../proto/index.js';
import type { Bitset } from '../plan/index.js';
import { neededJobs } from '../schedule/index.js';
import type { PreparedBlock } from './prepare-block.js';

/** What is to be proven of a block, and what of it is proven already. */
export function plannedEvent(
  { id, tree }: Pick<PreparedBlock, 'id' | 'tree'>,
  finished: Bitset,
  prover: ProverIdentity,
): RunEventBody {
  const levels = tree.levels().map(({ name, jobs }) => ({ name, jobs }));
  const alreadyProvenByLevel = levels.map(() => 0);
  const needed = neededJobs(tree, finished);
  for (let job = 0; job < tree.size; job += 1) {
    const level = tree.levelOf(job);
    if (!needed.has(job)) alreadyProvenByLevel[level] = (alreadyProvenByLevel[level] ?? 0) + 1;
  }
  return {
    kind: 'planned',
    blockId: id,
    transactions: tree.transactions,
    calls: tree.calls,
    jobs: tree.size,
    alreadyProven: alreadyProvenByLevel.reduce((sum, count) => sum + count, 0),
    levels,
    alreadyProvenByLevel,
    prover,
  };
}
