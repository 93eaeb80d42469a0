import { setTimeout as delay } from 'node:timers/promises';
import { type Clock, EspalierError, systemClock } from '../../common/index.js';
import { type Block, blockId, familyOf, serializeBlock } from '../../proto/index.js';
import type { BlockBoard, SubmittedBlock } from '../../queue/index.js';
import type { BlockStore } from '../../store/index.js';

/** How long a block that is being stopped may take to be gone, and how often to look. */
const GONE_MS = 30_000;
const LOOK_MS = 100;

type SubmitBoard = Pick<BlockBoard, 'submit' | 'find'>;

/**
 * Gives a block to a cluster: its content goes to the store, then its name to the board. `open`: it is there already, and
 * goes on as it is. A block that has ended is taken up again; what it left in the store is not made again. One that is
 * being stopped has to end first; rejects with `usage` where that takes too long.
 */
export async function submitBlock(
  block: Block,
  { board, blocks }: { readonly board: SubmitBoard; readonly blocks: Pick<BlockStore, 'putBlock' | 'hasBlock'> },
  clock: Clock = systemClock,
): Promise<'submitted' | 'open'> {
  const id = blockId(block);
  const text = serializeBlock(block);
  await blocks.putBlock(id, text);
  const srs = block.transactions[0]?.clientProof.srs;
  const outcome = await submitWhenGone(board, clock, () => ({
    ...(srs === undefined ? {} : { srs }),
    blockId: id,
    family: familyOf(block),
    transactions: block.transactions.length,
    calls: block.transactions.reduce((sum, { calls }) => sum + calls.length, 0),
    submittedAtMs: clock.nowMs(),
  }));
  // Forgotten just now, where the same block had ended before.
  if (outcome === 'submitted' && !(await blocks.hasBlock(id))) await blocks.putBlock(id, text);
  return outcome;
}

async function submitWhenGone(
  board: SubmitBoard,
  clock: Clock,
  describe: () => SubmittedBlock,
): Promise<'submitted' | 'open'> {
  const untilMs = clock.monotonicMs() + GONE_MS;
  for (;;) {
    const submitted = describe();
    const outcome: string = await board.submit(submitted);
    if (outcome === 'submitted' || outcome === 'open') return outcome;
    while ((await board.find(submitted.blockId)) !== undefined) {
      if (clock.monotonicMs() > untilMs) throw stillThere(submitted.blockId);
      await delay(LOOK_MS);
    }
  }
}

function stillThere(id: string): EspalierError {
  const message = `block ${id} is still being cancelled, for more than ${GONE_MS / 1_000} s`;
  return new EspalierError('usage', message, {
    remedy: 'submit it again when espalier status shows that it has ended',
  });
}
