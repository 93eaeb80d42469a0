import { type JobReport, outlineFamily } from '../../proto/index.js';
import type { ClusterPorts } from './cluster-ports.js';
import { hasJob, keptTrees } from './kept-proofs.js';
import { findOutline, unlessUnusable } from './stored-outline.js';

/**
 * Deletes a proof that came too late, of a job that no block here has. It is left where it is while its block is open
 * (its owner looks for it), after a block that was not proven (which may be submitted again, or is forgotten), and where it
 * is the root itself, or to be kept.
 */
export async function sweepStray(
  { jobId, blockId }: Pick<JobReport & { readonly kind: 'late' }, 'jobId' | 'blockId'>,
  { board, blocks, proofs }: Pick<ClusterPorts, 'board' | 'blocks' | 'proofs'>,
): Promise<void> {
  if ((await board.find(blockId)) !== undefined) return;
  const result = await blocks.getResult(blockId).catch(unlessUnusable);
  if (result !== undefined && (result.state !== 'proven' || result.rootId === jobId)) return;
  const outline = await findOutline(blockId, blocks);
  const kept = outline === undefined ? [] : await keptTrees(outlineFamily(outline), blocks);
  if (!hasJob(kept)(jobId)) await proofs.deleteProof(jobId);
}
