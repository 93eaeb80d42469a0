import { setTimeout as delay } from 'node:timers/promises';
import { type Clock, EspalierError } from '../../common/index.js';
import type { BlockId, BlockResult, BlockStatus } from '../../proto/index.js';
import type { BlockBoard } from '../../queue/index.js';

/** How often to look. */
const LOOK_MS = 100;

/**
 * Whether a result is of the submission that is on the board, and not of an earlier one. A block whose result is durable
 * has ended, though it is on the board until all that it left is swept up.
 */
export function hasEnded(status: Pick<BlockStatus, 'submittedAtMs'>, result: BlockResult): boolean {
  return result.submittedAtMs === status.submittedAtMs;
}

export interface UntilGoneOptions {
  readonly clock: Clock;
  readonly withinMs: number;
  /** Aborting ends the waiting with `cancelled`. */
  readonly signal?: AbortSignal | undefined;
  /** What was not done then, as in "and was not submitted again". */
  readonly undone: string;
}

/** Resolves when a block that ends is off the board; with false where that takes longer than `withinMs`. */
export async function untilGone(
  blockId: BlockId,
  board: Pick<BlockBoard, 'find'>,
  { clock, withinMs, signal, undone }: UntilGoneOptions,
): Promise<boolean> {
  const untilMs = clock.monotonicMs() + withinMs;
  while ((await board.find(blockId)) !== undefined) {
    if (clock.monotonicMs() > untilMs) return false;
    await delay(LOOK_MS, undefined, signal === undefined ? {} : { signal }).catch(() => {
      throw new EspalierError('cancelled', `block ${blockId} is still ending, ${undone}`);
    });
  }
  return true;
}
