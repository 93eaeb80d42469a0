import type { Hasher } from '../../circuits/index.js';
import { EspalierError } from '../../common/index.js';
import type { Block, BlockId } from '../../proto/index.js';
import { blockId, parseBlock } from '../block/index.js';

/** A block from the text it is stored as. Throws `block-invalid` or `duplicate-nullifier`, as `parseBlock` does. */
export function readStoredBlock(id: BlockId, text: string, hasher: Hasher): Block {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new EspalierError('block-invalid', `block ${id}: not JSON: ${(cause as Error).message}`, { cause });
  }
  const block = parseBlock(json, hasher);
  if (blockId(block) === id) return block;
  throw new EspalierError('block-invalid', `what is stored as block ${id} is block ${blockId(block)}`, {
    remedy: 'submit the block again',
  });
}
