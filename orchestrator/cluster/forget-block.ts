import { type Clock, EspalierError, systemClock } from '../../common/index.js';
import { type BlockId, type BlockOutline, type JobId, outlineFamily } from '../../proto/index.js';
import type { BlockBoard } from '../../queue/index.js';
import type { BlockStore, ProofStore } from '../../store/index.js';
import type { ProofTree } from '../plan/index.js';
import { clientProofIdOf, planTree } from '../run/index.js';
import { hasJob, keptTrees } from './kept-proofs.js';
import { hasEnded, untilGone } from './leaving-board.js';
import { isOfTree, type SweepableStore, sweepTree } from './leftovers.js';
import { findOutline } from './stored-outline.js';

/** How long a block that has ended may take to be off the board: less than a client waits for an answer (30 s). */
const GONE_WITHIN_MS = 20_000;

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

export interface ForgetOptions {
  readonly clock?: Clock;
  /** Aborting ends the waiting for a block that is still on the board, with `cancelled`. */
  readonly signal?: AbortSignal;
}

/**
 * Deletes what is left of an ended block: its result, its content, its root proof, the proofs and inputs of its jobs; but
 * none that an open block shares, nor a proof that is kept for another. One that has just ended is waited for until it is
 * off the board. Rejects with `block-open` for an open block, with `block-unknown` where there is nothing of it. What a
 * crash leaves behind the next call deletes: the result, which knows what there may be, goes last.
 */
export async function forgetBlock(
  blockId: BlockId,
  { board, blocks, proofs }: ForgetStores,
  { clock = systemClock, signal }: ForgetOptions = {},
): Promise<void> {
  const status = await board.find(blockId);
  const result = await blocks.getResult(blockId);
  if (status !== undefined) {
    if (result === undefined || !hasEnded(status, result)) throw stillOpen(blockId);
    const undone = 'and was not forgotten';
    const isGone = await untilGone(blockId, board, { clock, withinMs: GONE_WITHIN_MS, signal, undone });
    if (!isGone) throw stillEnding(blockId);
  }
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

function stillOpen(blockId: BlockId): EspalierError {
  return new EspalierError('block-open', `block ${blockId} is still open`, {
    remedy: `cancel it first: espalier cancel ${blockId}`,
  });
}

function stillEnding(blockId: BlockId): EspalierError {
  return new EspalierError('block-open', `block ${blockId} has ended, and what it left is still being deleted`, {
    remedy: 'forget it again in a while; where no orchestrator is alive, start one',
  });
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
