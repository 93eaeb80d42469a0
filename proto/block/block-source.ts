import type { Block, BlockId, Transaction } from '../block.js';
import type { BlockPart } from '../block-part.js';
import { outlineOf } from './block-id.js';
import { type BlockOutline, outlineId } from './block-outline.js';
import { partsOf } from './block-parts.js';

/** The content of a block, wherever it is kept: read part by part, or one transaction at a time, and never held whole. */
export interface BlockSource {
  readonly id: BlockId;
  readonly outline: BlockOutline;
  /** From its beginning. */
  parts(): AsyncIterable<BlockPart> | Iterable<BlockPart>;
  /** By its index, which must be in the block. */
  transaction(index: number): Promise<Transaction>;
}

/** A block that is in memory anyway. */
export function sourceOf(block: Block): BlockSource {
  const outline = outlineOf(block);
  return {
    id: outlineId(outline),
    outline,
    parts: () => partsOf(block),
    transaction: async (index) => {
      const transaction = block.transactions[index];
      if (transaction === undefined) throw new RangeError(`there is no transaction ${index}`);
      return transaction;
    },
  };
}
