import type { Hasher } from '../../circuits/index.js';
import { EspalierError } from '../../common/index.js';
import { checkedSource } from '../../orchestrator/index.js';
import type { BlockId, BlockSource } from '../../proto/index.js';
import { type BlockStore, StoredBlock } from '../../store/index.js';

/** A block as it was submitted, checked whenever it is read. Rejects with `store-corrupt` where the store has none. */
export async function storedBlock(
  blocks: Pick<BlockStore, 'findBlock' | 'getPiece'>,
  blockId: BlockId,
  hasher: Hasher,
): Promise<BlockSource> {
  const stored = await StoredBlock.open(blocks, blockId);
  if (stored !== undefined) return checkedSource(stored, hasher);
  throw new EspalierError('store-corrupt', `block ${blockId} is not in the store any more`, {
    remedy: 'submit it again',
  });
}
