import { EspalierError } from '../../common/index.js';
import {
  type BlockView,
  blockStateFromWire,
  blockToWire,
  viewOfResult,
  viewOfStatus,
  type wire,
} from '../../proto/index.js';
import type { ApiBackend } from './api-backend.js';
import { hasEnded } from './find-block.js';
import { pageOf } from './page.js';

const PAGE_DEFAULT = 100;

/** `ListBlocks`: the open ones, the oldest first, then the ended ones, the latest first. */
export async function listBlocks(
  { pageSize, pageToken, states }: wire.ListBlocksRequest,
  { board, blocks }: Pick<ApiBackend, 'board' | 'blocks'>,
): Promise<wire.ListBlocksResponse> {
  const wanted = new Set(states.map(stateOf));
  const isWanted = ({ state }: Pick<BlockView, 'state'>) => wanted.size === 0 || wanted.has(state);
  const open = new Map((await board.list()).map((status) => [status.blockId, status]));
  const ended: BlockView[] = [];
  for await (const result of blocks.listResults()) {
    const status = open.get(result.blockId);
    if (status !== undefined && !hasEnded(status, result)) continue;
    open.delete(result.blockId);
    if (isWanted(result)) ended.push(viewOfResult(result));
  }
  ended.sort((a, b) => (b.endedAtMs ?? 0) - (a.endedAtMs ?? 0) || (a.blockId < b.blockId ? -1 : 1));
  const page = pageOf([...[...open.values()].map(viewOfStatus).filter(isWanted), ...ended], ({ blockId }) => blockId, {
    pageSize: pageSize || PAGE_DEFAULT,
    pageToken,
  });
  return {
    blocks: page.items.map((view) => blockToWire({ ...view, levels: [], forecast: null })),
    nextPageToken: page.nextPageToken,
  };
}

function stateOf(state: wire.BlockState): BlockView['state'] {
  try {
    return blockStateFromWire(state);
  } catch (cause) {
    throw new EspalierError('usage', `${state} is no state of a block`, { cause, remedy: 'use those of BlockState' });
  }
}
