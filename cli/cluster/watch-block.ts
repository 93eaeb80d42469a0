import { setTimeout as delay } from 'node:timers/promises';
import { EspalierError } from '../../common/index.js';
import type { BlockId, BlockResult, BlockStatus } from '../../proto/index.js';
import type { Cluster } from './open-cluster.js';
import { shortId } from './render-blocks.js';
import { unknownBlock } from './resolve-block.js';

const LOOK_INTERVAL_MS = 500;

/**
 * Looks at a block until it has ended, and resolves with how. `onStatus` hears of every look. Rejects with what
 * `stopped` makes when `signal` aborts, which changes nothing for the block; with `block-unknown` for a block that is forgotten.
 */
export async function watchBlock(
  cluster: Pick<Cluster, 'address' | 'board' | 'blocks'>,
  blockId: BlockId,
  onStatus: (status: BlockStatus) => void,
  signal: AbortSignal,
  stopped: () => EspalierError = () => noLongerWatching(shortId(blockId)),
): Promise<BlockResult> {
  for (;;) {
    const status = await orStopped(cluster.board.find(blockId), stopped, signal);
    if (status === undefined) {
      // Its result was written before it was taken down.
      const result = await orStopped(cluster.blocks.getResult(blockId), stopped, signal);
      if (result === undefined) throw unknownBlock(blockId, cluster.address.namespace);
      return result;
    }
    onStatus(status);
    await delay(LOOK_INTERVAL_MS, undefined, { signal }).catch(() => undefined);
  }
}

function noLongerWatching(id: string): EspalierError {
  return new EspalierError('cancelled', `no longer watching block ${id}: the cluster goes on with it`, {
    remedy: `\`espalier status ${id}\` shows it, \`espalier cancel ${id}\` ends it`,
  });
}

/** Waits while a block is being cancelled, which `onWaiting` hears of. Rejects with `cancelled` when `signal` aborts. */
export async function whileCancelling(
  { board }: Pick<Cluster, 'board'>,
  blockId: BlockId,
  onWaiting: () => void,
  signal: AbortSignal,
): Promise<void> {
  const stopped = () =>
    new EspalierError('cancelled', `block ${shortId(blockId)} is not submitted: it is still being cancelled`, {
      remedy: 'submit it again later',
    });
  for (let looks = 0; ; looks++) {
    const status = await orStopped(board.find(blockId), stopped, signal);
    if (status?.state !== 'cancelling') return;
    if (looks === 0) onWaiting();
    await delay(LOOK_INTERVAL_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** `work`, left behind when `signal` aborts: with Redis away it would take as long as that does. */
async function orStopped<T>(work: Promise<T>, stopped: () => EspalierError, signal: AbortSignal): Promise<T> {
  if (signal.aborted) throw stopped();
  let onAbort: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(stopped());
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** Throws what a block ended with, unless it is proven: the command exits as `espalier prove` would have. */
export function requireProven(result: BlockResult): void {
  const { state, error, blockId, failedJob } = result;
  if (state === 'proven') return;
  if (state === 'cancelled') {
    throw new EspalierError('cancelled', `block ${shortId(blockId)} was cancelled`, {
      remedy: 'its finished proofs are kept: submit it again to go on from them',
    });
  }
  if (error === null) throw new EspalierError('internal', `block ${blockId} failed, and its result does not say why`);
  const place = failedJob === null || error.message.includes(failedJob) ? '' : `job ${failedJob}: `;
  throw EspalierError.fromSerialized({ ...error, message: place + error.message });
}
