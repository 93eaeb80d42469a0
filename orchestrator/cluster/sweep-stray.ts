import type { JobReport } from '../../proto/index.js';
import type { ClusterPorts } from './cluster-ports.js';
import { unlessUnusable } from './stored-outline.js';

/**
 * Deletes a proof that came too late, of a job that no block here has. It is left where it is while its block is open
 * (its owner looks for it), after a block that was not proven (which may be submitted again, or is forgotten), and where it
 * is the root itself.
 */
export async function sweepStray(
  { jobId, blockId }: Pick<JobReport & { readonly kind: 'late' }, 'jobId' | 'blockId'>,
  { board, blocks, proofs }: Pick<ClusterPorts, 'board' | 'blocks' | 'proofs'>,
): Promise<void> {
  if ((await board.find(blockId)) !== undefined) return;
  const result = await blocks.getResult(blockId).catch(unlessUnusable);
  if (result !== undefined && (result.state !== 'proven' || result.rootId === jobId)) return;
  await proofs.deleteProof(jobId);
}
