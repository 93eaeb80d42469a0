import { setTimeout as delay } from 'node:timers/promises';
import { EspalierError, eachAtOnce } from '../../common/index.js';
import type { BlockId, JobHistoryRecord, JobId, ProofSummary, RunEventBody } from '../../proto/index.js';
import { StoredBlock } from '../../store/index.js';
import { checkedSource } from '../block/index.js';
import type { ProofTree } from '../plan/index.js';
import {
  type FoundProofs,
  findProofs,
  type PreparedBlock,
  type PrepareTools,
  planExecution,
  StoredProofs,
  verifyClientProofs,
} from '../run/index.js';
import type { ClaimedBlock } from './claimed-block.js';
import type { ClusterPorts } from './cluster-ports.js';
import { keptTrees } from './kept-proofs.js';
import { unlessUnusable } from './stored-outline.js';

/** A block that is ready for the scheduler. */
export interface ReadyBlock {
  readonly prepared: PreparedBlock;
  readonly stored: StoredProofs;
  readonly found: FoundProofs;
  /** Who made the proofs in the store, as far as the board may not know. */
  readonly credits: readonly ProofSummary[];
  readonly histories: ReadonlyMap<JobId, JobHistoryRecord>;
  /** Trees, its own perhaps among them, none of whose proofs is to be deleted. */
  readonly kept: readonly ProofTree[];
}

export interface PrepareClaimedOptions {
  readonly ports: Pick<ClusterPorts, 'owner' | 'board' | 'blocks' | 'proofs'>;
  readonly tools: PrepareTools;
  /** Its client proofs are verified now. */
  readonly onChecked: () => Promise<void>;
  readonly onEvent: (event: RunEventBody) => void;
}

/** A block that was just forgotten, and submitted again in that moment, is written once more by whoever submits it. */
const CONTENT_TRIES = 4;
const CONTENT_PAUSE_MS = 500;

/**
 * Reads a claimed block, verifies its client proofs and executes it unless an earlier owner did, plans it, and finds what
 * is proven of it. Rejects with the block's fault (`block-invalid`, `client-proof-invalid`, `block-not-executable`,
 * `duplicate-nullifier`, `store-corrupt`), with `lease-lost` when it is another's, and with `cancelled`.
 */
export async function prepareClaimed(
  block: ClaimedBlock,
  { ports, tools, onChecked, onEvent }: PrepareClaimedOptions,
): Promise<ReadyBlock> {
  const { signal } = block.preparing;
  const content = checkedSource(await contentOf(block.id, ports, signal), tools.hasher);
  if (!block.checked) {
    await verifyClientProofs(content, tools, { signal, onProgress: phase('client-proofs', onEvent) });
    await onChecked();
  }
  const onNotKept = (thrown: unknown) => {
    const { code, message } = EspalierError.from(thrown);
    onEvent({ kind: 'warning', code, message: `the execution of block ${block.id} was not kept: ${message}` });
  };
  const onProgress = phase('executing', onEvent);
  // Nobody but the owner credits anyone, so it matters not when they are read: Redis takes a while for those of a large block.
  const [prepared, accepted] = await Promise.all([
    planExecution(content, tools, { signal, onProgress, executions: ports.blocks, onNotKept }),
    ports.board.credited(block.id),
  ]);
  const stored = new StoredProofs(prepared, ports.proofs, tools);
  const histories = await ports.owner.histories(block.claim);
  const { claim } = block;
  // Before any of its proofs is made. Whoever is prepared later finds it, and who was before is in the scheduler with it.
  const { id: blockId, lineageSeed } = prepared;
  if (claim.keepProofs === true) await ports.blocks.putKept(claim.family, { blockId, lineageSeed });
  const kept = await keptTrees(claim.family, ports.blocks);
  const found = await findProofs(prepared.tree, stored, ports.proofs, { signal, accepted });
  const credits = [...(await uncredited(prepared, found, accepted, ports)), ...found.summaries.values()];
  return { prepared, stored, found, credits, histories, kept };
}

/**
 * Who made the proofs that others have replaced. Those that are still there, since an earlier owner did not get to note or
 * delete them, are about to be deleted; what was proven above them has shown that they were true. Of those that are gone
 * since the block was submitted before, and ended, its result knows.
 */
async function uncredited(
  { id, tree }: Pick<PreparedBlock, 'id' | 'tree'>,
  { leftBehind }: FoundProofs,
  known: ReadonlySet<JobId>,
  { blocks, proofs }: Pick<ClusterPorts, 'blocks' | 'proofs'>,
): Promise<readonly ProofSummary[]> {
  const earlier = (await blocks.getCredits(id).catch(unlessUnusable)) ?? [];
  const summaries = earlier.filter(({ jobId }) => !known.has(jobId) && tree.indexOf(jobId) >= 0);
  await eachAtOnce(leftBehind, READS_AT_ONCE, async (jobId) => {
    if (known.has(jobId)) return;
    const summary = await proofs.getSummary(jobId).catch(unlessUnusable);
    if (summary !== undefined) summaries.push(summary);
  });
  return summaries;
}

const READS_AT_ONCE = 16;

async function contentOf(
  id: BlockId,
  { blocks }: Pick<ClusterPorts, 'blocks'>,
  signal: AbortSignal,
): Promise<StoredBlock> {
  for (let tries = 1; ; tries++) {
    const block = await StoredBlock.open(blocks, id);
    if (block !== undefined) return block;
    if (tries === CONTENT_TRIES) {
      throw new EspalierError('store-corrupt', `block ${id} is not in the store`, {
        remedy:
          "was it submitted with the same --store and --namespace as this orchestrator's? If so, it was lost: submit it again",
      });
    }
    await delay(CONTENT_PAUSE_MS, undefined, { signal });
  }
}

/** The beginning and the end of a phase: the events of a cluster are kept, and its blocks are large. */
function phase(name: 'client-proofs' | 'executing', onEvent: (event: RunEventBody) => void) {
  let isBegun = false;
  return (done: number, total: number) => {
    if (!isBegun || done === total) onEvent({ kind: 'phase', phase: name, done, total });
    isBegun = true;
  };
}
