import type { BlockId, JobId } from '../../proto/index.js';
import type { BlockStore } from '../../store/index.js';
import type { ProofTree } from '../plan/index.js';
import { planTree } from '../run/index.js';
import { findOutline } from './stored-outline.js';

/**
 * The trees of a family's blocks, open or ended, whose proofs are kept until they are forgotten. `but`: one that is not
 * asked for.
 */
export async function keptTrees(
  family: string,
  blocks: Pick<BlockStore, 'listKept' | 'getOutline'>,
  but?: BlockId,
): Promise<readonly ProofTree[]> {
  const trees: ProofTree[] = [];
  for (const { blockId, lineageSeed } of await blocks.listKept(family)) {
    const outline = blockId === but ? undefined : await findOutline(blockId, blocks);
    if (outline !== undefined) trees.push(planTree(outline, lineageSeed));
  }
  return trees;
}

/** Whether one of these trees has a job. */
export function hasJob(trees: readonly ProofTree[]): (jobId: JobId) => boolean {
  return (jobId) => trees.some((tree) => tree.indexOf(jobId) >= 0);
}
