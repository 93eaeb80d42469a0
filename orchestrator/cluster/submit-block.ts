import { createHasher } from '../../circuits/index.js';
import { type Clock, EspalierError, systemClock } from '../../common/index.js';
import { type Block, type BlockPart, PROVING_WINDOW_DEFAULT_MS, partsOf } from '../../proto/index.js';
import type { BlockBoard, SubmittedBlock } from '../../queue/index.js';
import type { BlockStore } from '../../store/index.js';
import { BlockIntake, type ReceivedBlock } from '../block/index.js';
import { untilGone } from './leaving-board.js';

/** How long a block that is being stopped may take to be gone. */
const GONE_WITHIN_MS = 30_000;

type SubmitBoard = Pick<BlockBoard, 'submit' | 'find'>;
type SubmitStore = Pick<BlockStore, 'putBlock' | 'hasBlock'>;

export interface SubmitPorts {
  readonly board: SubmitBoard;
  readonly blocks: SubmitStore;
}

export interface SubmitOptions {
  /** The proving window: how long after its submission the root proof is to be there. Default 8 minutes. */
  readonly windowMs?: number;
  /** Keeps every proof until the block is forgotten. */
  readonly keepProofs?: boolean;
  /** Aborting ends the waiting for a block that is being stopped, with `cancelled`. */
  readonly signal?: AbortSignal;
  /** `traceparent` of what the submission is part of. */
  readonly trace?: string;
  /** Writes the content once more, where somebody forgot the same block, which had ended, in this moment. */
  readonly storeAgain?: () => Promise<void>;
}

/**
 * Gives a block to a cluster, whose store has its content by now (`BlockIntake.store`). `open`: it is there already, and
 * goes on as it is. A block that has ended is taken up again; what it left in the store is not made again. One that is
 * being stopped has to end first; rejects with `usage` where that takes too long.
 */
export async function submitReceived(
  { blockId, family, transactions, calls, srs }: ReceivedBlock,
  { board, blocks }: SubmitPorts,
  { windowMs = PROVING_WINDOW_DEFAULT_MS, keepProofs, signal, storeAgain, trace }: SubmitOptions = {},
  clock: Clock = systemClock,
): Promise<'submitted' | 'open'> {
  for (;;) {
    const submittedAtMs = clock.nowMs();
    const submitted: SubmittedBlock = {
      ...(srs === undefined ? {} : { srs }),
      ...(keepProofs === undefined ? {} : { keepProofs }),
      ...(trace === undefined ? {} : { trace }),
      blockId,
      family,
      transactions,
      calls,
      submittedAtMs,
      deadlineAtMs: submittedAtMs + windowMs,
    };
    const outcome: string = await board.submit(submitted);
    if (outcome === 'submitted' && storeAgain !== undefined && !(await blocks.hasBlock(blockId))) await storeAgain();
    if (outcome === 'submitted' || outcome === 'open') return outcome;
    const undone = 'and was not submitted again';
    const isGone = await untilGone(blockId, board, { clock, withinMs: GONE_WITHIN_MS, signal, undone });
    if (!isGone) throw stillThere(blockId);
  }
}

/** The same with the content, from one that is in memory. */
export function submitBlock(block: Block, ports: SubmitPorts, clock?: Clock): Promise<'submitted' | 'open'> {
  return submitParts(partsOf(block), ports, {}, clock);
}

/** The same with the content, which is taken in first: rejects as `BlockIntake` does. */
export async function submitParts(
  parts: AsyncIterable<BlockPart> | Iterable<BlockPart>,
  ports: SubmitPorts,
  options: Omit<SubmitOptions, 'storeAgain'> = {},
  clock: Clock = systemClock,
): Promise<'submitted' | 'open'> {
  const intake = await BlockIntake.open({ hasher: await createHasher() });
  try {
    for await (const part of parts) await intake.add(part);
    const received = await intake.finish();
    const store = () => intake.store(ports.blocks);
    await store();
    return await submitReceived(received, ports, { ...options, storeAgain: store }, clock);
  } finally {
    await intake.close();
  }
}

function stillThere(id: string): EspalierError {
  return new EspalierError('usage', `block ${id} is still being cancelled`, {
    remedy: 'submit it again when espalier status shows that it has ended',
  });
}
