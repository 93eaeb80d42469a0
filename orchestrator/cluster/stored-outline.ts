import { type ErrorCode, EspalierError } from '../../common/index.js';
import type { BlockId, BlockOutline } from '../../proto/index.js';
import type { BlockStore } from '../../store/index.js';

/** undefined where there is none, or none that anything could have been planned from. */
export async function findOutline(
  id: BlockId,
  blocks: Pick<BlockStore, 'getOutline'>,
): Promise<BlockOutline | undefined> {
  return blocks.getOutline(id).catch(unlessUnusable);
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
