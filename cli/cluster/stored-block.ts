import type { Hasher } from '../../circuits/index.js';
import { EspalierError } from '../../common/index.js';
import { blockId as idOf, parseBlock } from '../../orchestrator/index.js';
import type { Block, BlockId } from '../../proto/index.js';
import type { BlockStore } from '../../store/index.js';

/** A block as it was submitted. Rejects with `store-corrupt` where the store has none of this id, or another. */
export async function storedBlock(blocks: BlockStore, blockId: BlockId, hasher: Hasher): Promise<Block> {
  const text = await blocks.getBlock(blockId);
  const remedy = 'submit it again';
  if (text === undefined) {
    throw new EspalierError('store-corrupt', `block ${blockId} is not in the store any more`, { remedy });
  }
  const block = parseBlock(JSON.parse(text), hasher);
  if (idOf(block) === blockId) return block;
  throw new EspalierError('store-corrupt', `what is stored as block ${blockId} is block ${idOf(block)}`, { remedy });
}
