import { type Clock, EspalierError, eachAtOnce, type SerializedError } from '../../common/index.js';
import {
  type BlockId,
  type BlockResult,
  type EndedState,
  type JobId,
  type ProofSummary,
  type RunEventBody,
  workMs,
} from '../../proto/index.js';
import { StoredBlock } from '../../store/index.js';
import { criticalPathMs } from '../plan/index.js';
import {
  checkRoot,
  clientProofIdOf,
  type PreparedBlock,
  type PrepareTools,
  planStart,
  planTree,
} from '../run/index.js';
import type { ClaimedBlock } from './claimed-block.js';
import type { ClusterPorts } from './cluster-ports.js';
import { hasJob, keptTrees } from './kept-proofs.js';
import { keepAfter, sweepTree } from './leftovers.js';
import { findOutline, unlessUnusable } from './stored-outline.js';

/** How a block ends. */
export interface Ending {
  readonly state: EndedState;
  readonly error: SerializedError | null;
  readonly failedJob: JobId | null;
}

export interface EndBlockOptions {
  readonly ports: Pick<ClusterPorts, 'owner' | 'board' | 'queue' | 'blocks' | 'proofs'>;
  readonly tools: PrepareTools;
  readonly clock: Clock;
  readonly keepProofs: boolean;
  /** Rejects with `lease-lost` unless this orchestrator owns the block. */
  readonly confirm: (block: ClaimedBlock) => Promise<void>;
  /** Stores what a job reads. */
  readonly provide: (prepared: PreparedBlock, jobId: JobId) => Promise<void>;
  /** Whether another open block of this orchestrator has the job. Waits until all of the family are planned. */
  readonly neededBy: (block: ClaimedBlock) => Promise<(jobId: JobId) => boolean>;
  readonly onEvent: (blockId: BlockId, event: RunEventBody) => void;
}

/**
 * Ends a block: its result is durable first, then those who watch hear of it, then what it leaves behind is swept up, then
 * it is taken off the board. So whoever claims it after a crash in between finds the result of this very submission, and
 * finishes (`finishBlock`).
 * Rejects with `lease-lost` when the block is someone else's.
 */
export async function endBlock(block: ClaimedBlock, wanted: Ending, options: EndBlockOptions): Promise<void> {
  const { ports, clock, onEvent } = options;
  const { claim, prepared } = block;
  const planned = prepared ?? (await planUnprepared(block, options));
  const ending = wanted.state === 'proven' ? await withRootChecked(block, wanted, options) : wanted;
  if (ending.failedJob !== null && prepared !== undefined) await options.provide(prepared, ending.failedJob);
  const credits = await ports.board.credits(block.id);
  const earlier = await ports.blocks.getResult(block.id).catch(unlessUnusable);
  const result: BlockResult = {
    blockId: block.id,
    ...ending,
    transactions: claim.transactions,
    calls: claim.calls,
    jobs: planned?.tree.size ?? 0,
    submittedAtMs: claim.submittedAtMs,
    endedAtMs: clock.nowMs(),
    ...(claim.deadlineAtMs === undefined ? {} : { deadlineAtMs: claim.deadlineAtMs }),
    ...(claim.keepProofs === undefined ? {} : { keepProofs: claim.keepProofs }),
    token: claim.token,
    rootId: ending.state === 'proven' && prepared !== undefined ? prepared.tree.jobId(prepared.tree.root) : null,
    lineageSeed: planned?.lineageSeed ?? earlier?.lineageSeed ?? null,
  };
  await options.confirm(block);
  const later = await findLaterResult(block, options);
  if (later !== undefined) return tellAndEnd(block, later, planned?.tree, options);
  await ports.blocks.putResult(result, credits);
  onEvent(block.id, endEvent(block, ending, credits, clock));
  await tellAndEnd(block, result, planned?.tree, options);
}

/**
 * Only the owner says how a block ended; the store knows no fence. So what a later owner wrote is looked for last: an
 * orchestrator that paused overwrites it only if it paused between this look and its own write.
 */
async function findLaterResult(
  { id, claim }: ClaimedBlock,
  { ports }: EndBlockOptions,
): Promise<BlockResult | undefined> {
  const stored = await ports.blocks.getResult(id).catch(unlessUnusable);
  // Tokens alone do not tell: their counter starts anew with a new Redis.
  const isLater = stored && (stored.token ?? 0) > claim.token && stored.submittedAtMs >= claim.submittedAtMs;
  return isLater ? stored : undefined;
}

/** Finishes what an earlier owner began, who died when the result was written. */
export async function finishBlock(block: ClaimedBlock, result: BlockResult, options: EndBlockOptions): Promise<void> {
  const { lineageSeed } = result;
  // Without its outline nothing is known of what there may be.
  const outline = lineageSeed === null ? undefined : await findOutline(block.id, options.ports.blocks);
  const tree = outline === undefined || lineageSeed === null ? undefined : planTree(outline, lineageSeed);
  await tellAndEnd(block, result, tree, options);
}

/**
 * A block that ends before it was prepared here may have been driven by an earlier owner: what that left in the queue is
 * taken out. undefined where no earlier owner came so far, or where it cannot be planned.
 */
async function planUnprepared(
  { id, claim }: ClaimedBlock,
  { ports, tools }: EndBlockOptions,
): Promise<Pick<PreparedBlock, 'tree' | 'lineageSeed'> | undefined> {
  const content = claim.checked ? await StoredBlock.open(ports.blocks, id).catch(unlessUnusable) : undefined;
  const planned = content && (await planStart(content, tools).catch(unlessUnusable));
  if (planned !== undefined) await removeTree(planned.tree, ports);
  // Whatever tree they are of: the content may be lost, or the circuits others than the earlier owner's.
  if (claim.checked) await removeQueuedFor(id, ports);
  return planned;
}

async function removeTree(tree: PreparedBlock['tree'], { queue }: Pick<ClusterPorts, 'queue'>): Promise<void> {
  for (let first = 0; first < tree.size; first += REMOVALS_AT_ONCE) {
    const jobs = Array.from({ length: Math.min(REMOVALS_AT_ONCE, tree.size - first) }, (_, n) => tree.jobId(first + n));
    await queue.remove(jobs);
  }
}

const REMOVALS_AT_ONCE = 1_000;

/** A related block that needs some of these jobs finds them missing, and queues them again with all that they read. */
async function removeQueuedFor(id: BlockId, { queue, proofs }: Pick<ClusterPorts, 'queue' | 'proofs'>): Promise<void> {
  await eachAtOnce(await queue.removeBlock(id), DELETIONS_AT_ONCE, async (jobId) => {
    await proofs.deleteInputs(jobId);
    const clientId = clientProofIdOf(jobId);
    if (clientId !== undefined) await proofs.deleteProof(clientId);
  });
}

const DELETIONS_AT_ONCE = 16;

async function tellAndEnd(
  block: ClaimedBlock,
  result: BlockResult,
  tree: PreparedBlock['tree'] | undefined,
  { ports, keepProofs, neededBy }: EndBlockOptions,
): Promise<void> {
  await block.news.end(result);
  if (tree !== undefined) {
    const isNeeded = await neededBy(block);
    const isKept = hasJob(await keptTrees(block.claim.family, ports.blocks));
    await sweepTree(tree, ports.proofs, keepAfter(result, keepProofs, isNeeded, isKept));
  }
  await ports.blocks.deleteExecution(block.id);
  await ports.owner.end(block.claim);
}

async function withRootChecked(
  block: ClaimedBlock,
  ending: Ending,
  { ports, tools }: EndBlockOptions,
): Promise<Ending> {
  const { prepared } = block;
  if (prepared === undefined) throw new EspalierError('internal', `block ${block.id} was proven and never planned`);
  try {
    const root = await ports.proofs.getProof(prepared.tree.jobId(prepared.tree.root));
    if (root === undefined) throw new EspalierError('store-corrupt', 'the root proof is not in the store any more');
    await checkRoot(tools, prepared, root);
    return ending;
  } catch (thrown) {
    const error = EspalierError.from(thrown);
    if (error.code !== 'store-corrupt' && error.code !== 'verification-failed') throw thrown;
    return { state: 'failed', error: error.toSerialized(), failedJob: null };
  }
}

function endEvent(
  { id: blockId, prepared, proven, startedMs }: ClaimedBlock,
  { state, error, failedJob: jobId }: Ending,
  credits: readonly ProofSummary[],
  clock: Clock,
): RunEventBody {
  if (state !== 'proven' || prepared === undefined) {
    return { kind: 'block-failed', blockId, jobId, error: error ?? CANCELLED };
  }
  const { tree } = prepared;
  const workOf = new Map(credits.map(({ jobId: id, timings }) => [id, workMs(timings)]));
  return {
    kind: 'block-proven',
    blockId,
    proven,
    makespanMs: clock.monotonicMs() - startedMs,
    criticalPathMs: criticalPathMs(tree, (job) => workOf.get(tree.jobId(job)) ?? 0),
  };
}

const CANCELLED: SerializedError = {
  code: 'cancelled',
  message: 'the block was cancelled',
  remedy: 'submit it again: it goes on from the finished proofs',
};
