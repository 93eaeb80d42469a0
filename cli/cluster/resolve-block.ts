import { EspalierError } from '../../common/index.js';
import type { BlockId } from '../../proto/index.js';
import { SHORT_ID_CHARS } from './render-blocks.js';

/** Digits by which a block may be named: fewer are too easily those of two blocks. */
const PREFIX_CHARS_MIN = 6;
const ID_CHARS = 64;
const NAMED_MAX = 5;

/**
 * The id of the one block that is meant: a whole id, which need not be known, or the beginning of one. `known` is asked
 * only for a beginning. Rejects with `usage` for what is neither or fits several, with `block-unknown` if it fits none.
 */
export async function resolveBlock(
  text: string,
  namespace: string,
  known: (prefix: string) => Promise<Iterable<BlockId>>,
): Promise<BlockId> {
  const prefix = text.toLowerCase();
  if (!/^[0-9a-f]+$/.test(prefix) || prefix.length < PREFIX_CHARS_MIN || prefix.length > ID_CHARS) {
    throw new EspalierError(
      'usage',
      `a block is named by its id or at least the first ${PREFIX_CHARS_MIN} digits of it, got "${text}"`,
      { remedy: '`espalier status` lists the blocks' },
    );
  }
  if (prefix.length === ID_CHARS) return prefix;
  const fitting = [...new Set(await known(prefix))].filter((id) => id.startsWith(prefix)).sort();
  const [first, second] = fitting;
  if (first === undefined) throw unknownBlock(prefix, namespace);
  if (second === undefined) return first;
  const named = fitting.slice(0, NAMED_MAX).map((id) => id.slice(0, Math.max(SHORT_ID_CHARS, prefix.length + 4)));
  const more = fitting.length > NAMED_MAX ? ` and ${fitting.length - NAMED_MAX} more` : '';
  throw new EspalierError(
    'usage',
    `${prefix} is the beginning of ${fitting.length} blocks: ${named.join(', ')}${more}`,
    {
      remedy: 'add some digits',
    },
  );
}

export function unknownBlock(blockId: BlockId, namespace: string): EspalierError {
  return new EspalierError(
    'block-unknown',
    `no block ${blockId} is open in namespace ${namespace}, and the store has no result of it`,
    { remedy: '`espalier status` lists the blocks' },
  );
}
