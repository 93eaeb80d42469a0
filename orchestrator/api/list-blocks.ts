import { EspalierError } from '../../common/index.js';
import {
  type BlockView,
  blockStateFromWire,
  blockToWire,
  viewOfResult,
  viewOfStatus,
  type wire,
} from '../../proto/index.js';
import { hasEnded } from '../cluster/index.js';
import type { ApiBackend } from './api-backend.js';
import type { EndedBlocks } from './ended-blocks.js';
import { pageOf } from './page.js';

const PAGE_DEFAULT = 100;

/** `ListBlocks`: the open ones, the oldest first, then the ended ones, the latest first. */
export async function listBlocks(
  { pageSize, pageToken, states }: wire.ListBlocksRequest,
  board: Pick<ApiBackend['board'], 'list'>,
  endedBlocks: EndedBlocks,
): Promise<wire.ListBlocksResponse> {
  const wanted = new Set(states.map(stateOf));
  const isWanted = ({ state }: Pick<BlockView, 'state'>) => wanted.size === 0 || wanted.has(state);
  const open = new Map((await board.list()).map((status) => [status.blockId, status]));
  const ended = (await endedBlocks.latest(open.keys())).filter((result) => {
    const status = open.get(result.blockId);
    return status === undefined || hasEnded(status, result);
  });
  for (const { blockId } of ended) open.delete(blockId);
  const all = [...open.values(), ...ended].filter(isWanted);
  const page = pageOf(all, ({ blockId }) => blockId, { pageSize: pageSize || PAGE_DEFAULT, pageToken });
  return {
    blocks: page.items.map((one) => {
      const view = 'endedAtMs' in one ? viewOfResult(one) : viewOfStatus(one);
      return blockToWire({ ...view, levels: [], forecast: null });
    }),
    nextPageToken: page.nextPageToken,
  };
}

function stateOf(state: wire.BlockState): BlockView['state'] {
  try {
    return blockStateFromWire(state);
  } catch (cause) {
    throw new EspalierError('request-malformed', `${state} is no state of a block`, {
      cause,
      remedy: 'use those of BlockState',
    });
  }
}
