import { EspalierError } from '../../common/index.js';
import {
  type BlockId,
  type BlockResult,
  type BlockStatus,
  type BlockView,
  viewOfResult,
  viewOfStatus,
} from '../../proto/index.js';
import { hasEnded } from '../cluster/index.js';
import type { ApiBackend } from './api-backend.js';

/** Digits by which a block may be named: fewer are too easily those of two blocks. */
const PREFIX_CHARS_MIN = 6;
const ID_CHARS = 64;
const NAMED_MAX = 5;
const SHOWN_CHARS = 12;

type Known = Pick<ApiBackend, 'board' | 'blocks' | 'place'>;

/**
 * The id of the one block that is meant: a whole id, which need not be known, or the beginning of one. Rejects with
 * `request-malformed` for what is neither or fits several, with `block-unknown` if it fits none.
 */
export async function resolveBlock(text: string, known: Known): Promise<BlockId> {
  const prefix = text.toLowerCase();
  if (!/^[0-9a-f]+$/.test(prefix) || prefix.length < PREFIX_CHARS_MIN || prefix.length > ID_CHARS) {
    const given = JSON.stringify(text.slice(0, ID_CHARS + 1));
    throw new EspalierError(
      'request-malformed',
      `a block is named by its id or at least the first ${PREFIX_CHARS_MIN} digits of it, got ${given}`,
      { remedy: '`espalier status` lists the blocks' },
    );
  }
  if (prefix.length === ID_CHARS) return prefix;
  const fitting = (await knownBlocks(known)).filter((id) => id.startsWith(prefix)).sort();
  const [first, second] = fitting;
  if (first === undefined) throw unknownBlock(prefix, known.place);
  if (second === undefined) return first;
  const named = fitting.slice(0, NAMED_MAX).map((id) => id.slice(0, Math.max(SHOWN_CHARS, prefix.length + 4)));
  const more = fitting.length > NAMED_MAX ? ` and ${fitting.length - NAMED_MAX} more` : '';
  throw new EspalierError(
    'request-malformed',
    `${prefix} is the beginning of ${fitting.length} blocks: ${named.join(', ')}${more}`,
    { remedy: 'add some digits' },
  );
}

/** A block, open or ended. Rejects with `block-unknown` for one that is neither. */
export async function viewBlock(blockId: BlockId, known: Known): Promise<BlockView> {
  const found = await findBlock(blockId, known);
  return 'result' in found ? viewOfResult(found.result) : viewOfStatus(found.status);
}

/** The same as it is kept. */
export async function findBlock(
  blockId: BlockId,
  { board, blocks, place }: Known,
): Promise<{ readonly status: BlockStatus } | { readonly result: BlockResult }> {
  const status = await board.find(blockId);
  const result = await blocks.getResult(blockId);
  if (result !== undefined && (status === undefined || hasEnded(status, result))) return { result };
  if (status === undefined) throw unknownBlock(blockId, place);
  return { status };
}

export function unknownBlock(blockId: string, place: string): EspalierError {
  return new EspalierError('block-unknown', `no block ${blockId} is open ${place}, and the store has no result of it`, {
    remedy: '`espalier status` lists the blocks',
  });
}

/** Ids of all blocks that are open or not forgotten. */
async function knownBlocks({ board, blocks }: Known): Promise<BlockId[]> {
  const known = new Set((await board.list()).map(({ blockId }) => blockId));
  for await (const blockId of blocks.listBlocks()) known.add(blockId);
  for await (const blockId of blocks.listResultIds()) known.add(blockId);
  return [...known];
}
