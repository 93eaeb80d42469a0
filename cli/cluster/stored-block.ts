import type { Hasher } from '../../circuits/index.js';
import { EspalierError } from '../../common/index.js';
import { readStoredBlock } from '../../orchestrator/index.js';
import type { Block, BlockId } from '../../proto/index.js';
import type { BlockStore } from '../../store/index.js';

/** A block as it was submitted. Rejects with `store-corrupt` where the store has none, else as `readStoredBlock`. */
export async function storedBlock(
  blocks: Pick<BlockStore, 'getBlock'>,
  blockId: BlockId,
  hasher: Hasher,
): Promise<Block> {
  const text = await blocks.getBlock(blockId);
  if (text !== undefined) return readStoredBlock(blockId, text, hasher);
  throw new EspalierError('store-corrupt', `block ${blockId} is not in the store any more`, {
    remedy: 'submit it again',
  });
}
