import type { Clock } from '../../common/index.js';
import { systemClock } from '../../common/index.js';
import type { Block } from '../../proto/index.js';
import type { BlockBoard } from '../../queue/index.js';
import type { BlockStore } from '../../store/index.js';
import { blockId, familyOf, serializeBlock } from '../block/index.js';

/**
 * Gives a block to a cluster: its content goes to the store, then its name to the board. `open`: it is there already, and
 * goes on as it is. A block that has ended is taken up again; what it left in the store is not made again.
 */
export async function submitBlock(
  block: Block,
  {
    board,
    blocks,
  }: { readonly board: Pick<BlockBoard, 'submit'>; readonly blocks: Pick<BlockStore, 'putBlock' | 'hasBlock'> },
  clock: Clock = systemClock,
): Promise<'submitted' | 'open'> {
  const id = blockId(block);
  const text = serializeBlock(block);
  await blocks.putBlock(id, text);
  const outcome = await board.submit({
    blockId: id,
    family: familyOf(block),
    transactions: block.transactions.length,
    calls: block.transactions.reduce((sum, { calls }) => sum + calls.length, 0),
    submittedAtMs: clock.nowMs(),
  });
  // Forgotten just now, where the same block had ended before.
  if (outcome === 'submitted' && !(await blocks.hasBlock(id))) await blocks.putBlock(id, text);
  return outcome;
}
