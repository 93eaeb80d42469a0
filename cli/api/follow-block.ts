import type { Client, WatchUpdate } from '../../client/index.js';
import { EspalierError } from '../../common/index.js';
import type { BlockId, BlockView } from '../../proto/index.js';
import { shortId } from './render-blocks.js';

/**
 * Follows a block until it has ended, and resolves with how. `onUpdate` hears of every event. Rejects with what `stopped`
 * makes when `signal` aborts, which changes nothing for the block; with `block-unknown` for one that is forgotten.
 */
export async function followBlock(
  client: Pick<Client, 'watch'>,
  blockId: BlockId,
  onUpdate: (update: WatchUpdate) => void,
  signal: AbortSignal,
  stopped: () => EspalierError = () => noLongerWatching(shortId(blockId)),
): Promise<BlockView> {
  try {
    for await (const update of client.watch(blockId, { signal })) {
      onUpdate(update);
      if (update.event.kind === 'ended') return update.block;
    }
  } catch (thrown) {
    throw signal.aborted ? stopped() : thrown;
  }
  throw new EspalierError('internal', `the events of block ${blockId} ended before the block did`);
}

function noLongerWatching(id: string): EspalierError {
  return new EspalierError('cancelled', `no longer watching block ${id}: the cluster goes on with it`, {
    remedy: `\`espalier watch ${id}\` goes on watching, \`espalier cancel ${id}\` ends it`,
  });
}

/** Throws what a block ended with, unless it is proven: the command exits as `espalier prove` would have. */
export function requireProven({ state, error, blockId, failedJob }: BlockView): void {
  if (state === 'proven') return;
  if (state === 'cancelled') {
    throw new EspalierError('cancelled', `block ${shortId(blockId)} was cancelled`, {
      remedy: 'its finished proofs are kept: submit it again to go on from them',
    });
  }
  if (error === null) throw new EspalierError('internal', `block ${blockId} is ${state}, and it is not said why`);
  const place = failedJob === null || error.message.includes(failedJob) ? '' : `job ${failedJob}: `;
  throw EspalierError.fromSerialized({ ...error, message: place + error.message });
}
