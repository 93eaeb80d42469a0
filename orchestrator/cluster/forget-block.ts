import { EspalierError } from '../../common/index.js';
import { type BlockId, type BlockOutline, type JobId, outlineFamily } from '../../proto/index.js';
import type { BlockBoard } from '../../queue/index.js';
import type { BlockStore, ProofStore } from '../../store/index.js';
import type { ProofTree } from '../plan/index.js';
import { clientProofIdOf, planTree } from '../run/index.js';
import { hasJob, keptTrees } from './kept-proofs.js';
import { isOfTree, type SweepableStore, sweepTree } from './leftovers.js';
import { findOutline } from './stored-outline.js';

export interface ForgetStores {
  readonly board: Pick<BlockBoard, 'find' | 'list'>;
  readonly blocks: Pick<
    BlockStore,
    | 'getOutline'
    | 'hasBlock'
    | 'deleteBlock'
    | 'deleteExecution'
    | 'getResult'
    | 'getCredits'
    | 'deleteResult'
    | 'listKept'
    | 'deleteKept'
  >;
  readonly proofs: SweepableStore & Pick<ProofStore, 'deleteProof'>;
}

/**
 * Deletes what is left of an ended block: its result, its content, its root proof, the proofs and inputs of its jobs; but
 * none that an open block shares, nor a proof that is kept for another. Rejects with `block-open` for an open block, with `block-unknown` where there is nothing of
 * it. What a crash leaves behind the next call deletes: the result, which knows what there may be, goes last.
 */
export async function forgetBlock(blockId: BlockId, { board, blocks, proofs }: ForgetStores): Promise<void> {
  if ((await board.find(blockId)) !== undefined) {
    throw new EspalierError('block-open', `block ${blockId} is still open`, {
      remedy: `cancel it first: espalier cancel ${blockId}`,
    });
  }
  const result = await blocks.getResult(blockId);
  const outline = await findOutline(blockId, blocks);
  if (result === undefined && !(await blocks.hasBlock(blockId))) {
    throw new EspalierError('block-unknown', `there is nothing of a block ${blockId} in this cluster`);
  }
  const seed = result?.lineageSeed ?? null;
  if (outline !== undefined && seed !== null) {
    const isShared = await sharedWithOpen(outline, seed, { board, blocks });
    const isKept = hasJob(await keptTrees(outlineFamily(outline), blocks, blockId));
    const proof = (jobId: JobId) => isShared(jobId) || isKept(jobId);
    await sweepTree(planTree(outline, seed), proofs, { proof, inputs: isShared });
  } else if (result !== undefined) {
    // Without a sound outline it is not known what there may be: all that may be left of what was proven goes.
    const known = [result.rootId, result.failedJob, ...(await creditedJobs(blocks, blockId))];
    for (const jobId of new Set(known)) {
      if (jobId === null) continue;
      await proofs.deleteInputs(jobId);
      await proofs.deleteProof(jobId);
      const clientId = clientProofIdOf(jobId);
      if (clientId !== undefined) await proofs.deleteProof(clientId);
    }
  }
  if (outline !== undefined) await blocks.deleteKept(outlineFamily(outline), blockId);
  await blocks.deleteExecution(blockId);
  await blocks.deleteBlock(blockId);
  await blocks.deleteResult(blockId);
}

/** Which jobs of a block an open one has too. */
async function sharedWithOpen(
  outline: BlockOutline,
  seed: string,
  { board, blocks }: Pick<ForgetStores, 'board' | 'blocks'>,
): Promise<(jobId: JobId) => boolean> {
  const trees: ProofTree[] = [];
  for (const { blockId } of await board.list()) {
    const open = await findOutline(blockId, blocks);
    if (open !== undefined && outlineFamily(open) === outlineFamily(outline)) trees.push(planTree(open, seed));
  }
  return (jobId) => trees.some((tree) => isOfTree(tree, jobId));
}

async function creditedJobs(blocks: ForgetStores['blocks'], blockId: BlockId): Promise<readonly JobId[]> {
  return (await blocks.getCredits(blockId)).map(({ jobId }) => jobId);
}
