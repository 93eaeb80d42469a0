import type { Hasher } from '../../circuits/index.js';
import { type ErrorCode, EspalierError } from '../../common/index.js';
import { type Block, type BlockId, blockId } from '../../proto/index.js';
import type { BlockStore } from '../../store/index.js';
import { parseBlock } from '../block/index.js';

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

/** undefined where there is none, or none that anything could have been planned from. */
export async function findStoredBlock(
  id: BlockId,
  blocks: Pick<BlockStore, 'getBlock'>,
  hasher: Hasher,
): Promise<Block | undefined> {
  try {
    const text = await blocks.getBlock(id);
    return text === undefined ? undefined : readStoredBlock(id, text, hasher);
  } catch (thrown) {
    return unlessUnusable(thrown);
  }
}

/** Rethrows what does not say that what is stored is of no use. */
export function unlessUnusable(thrown: unknown): undefined {
  if (!UNUSABLE.includes(EspalierError.from(thrown).code)) throw thrown;
}

const UNUSABLE: readonly ErrorCode[] = [
  'store-corrupt',
  'block-invalid',
  'duplicate-nullifier',
  'block-not-executable',
];
