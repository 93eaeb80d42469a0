import { setTimeout as delay } from 'node:timers/promises';
import {
  type BlockId,
  type BlockView,
  type EventChunk,
  type EventCursor,
  type SnapshotReason,
  viewOfResult,
  viewOfStatus,
} from '../../proto/index.js';
import type { ApiBackend } from './api-backend.js';
import { findBlock } from './find-block.js';

/** Events asked for at once: what is on its way to a reader who does not read is bounded by it. */
const EVENTS_AT_ONCE_MAX = 256;
/** So often a block that is quiet is looked at: whoever should have told of its end may have died before. */
const LOOK_MS = 5_000;

/** How long to wait for the owner of a block to note how far it has come. */
const NOTED_MS = 250;

export type FollowBackend = Pick<ApiBackend, 'board' | 'blocks' | 'events' | 'place'>;

/** What follows in a block's history. */
export type Followed =
  /** The block at `place`; what was told before is summed up in it. Not given where a known place was asked for. */
  | ({ readonly kind: 'snapshot'; readonly reason: SnapshotReason } & BlockAtPlace)
  /** The events of `chunk` from this index on. `block`: at some earlier place. When the last is `ended`, nothing follows. */
  | { readonly kind: 'chunk'; readonly chunk: EventChunk; readonly from: number; readonly block: BlockView }
  /** It has ended, and nothing was told of that (any more). Nothing follows. */
  | ({ readonly kind: 'ended' } & BlockAtPlace);

export interface BlockAtPlace {
  readonly block: BlockView;
  readonly place: EventCursor;
  /** null: it is not planned. */
  readonly lineageSeed: string | null;
}

/**
 * Follows a block from the place `after`, or from a snapshot, until it has ended. Pulls: nothing is kept for a reader but
 * its place, and whoever falls behind what is kept gets a snapshot. Rejects with `block-unknown`, and when `signal` aborts.
 */
export async function* followBlock(
  blockId: BlockId,
  after: EventCursor | undefined,
  backend: FollowBackend,
  signal: AbortSignal,
): AsyncGenerator<Followed> {
  const reader = backend.events.follow(blockId);
  try {
    let known = await lookUp(blockId, backend);
    let place = after ?? known.place;
    let summedUp: EventCursor | undefined;
    if (after === undefined) {
      summedUp = known.place;
      yield { kind: 'snapshot', reason: 'start', ...known };
      if (known.block.endedAtMs !== null) return yield { kind: 'ended', ...known };
    }
    for (;;) {
      signal.throwIfAborted();
      const chunks = reader.read(place, EVENTS_AT_ONCE_MAX);
      if (chunks === 'gone') {
        known = await lookUp(blockId, backend);
        place = known.place;
        if (known.block.endedAtMs === null && summedUp?.epoch === place.epoch && summedUp.seq === place.seq) {
          // More was told than is kept since its owner noted how far it has come, which it does soon.
          await delay(NOTED_MS, undefined, { signal });
          continue;
        }
        summedUp = place;
        yield { kind: 'snapshot', reason: 'caught-up', ...known };
        if (known.block.endedAtMs !== null) return yield { kind: 'ended', ...known };
      } else if (chunks.length > 0) {
        for (const chunk of chunks) {
          const from = chunk.epoch === place.epoch ? Math.max(0, place.seq + 1 - chunk.first) : 0;
          yield { kind: 'chunk', chunk, from, block: known.block };
          place = { epoch: chunk.epoch, seq: chunk.first + chunk.events.length - 1 };
          if (chunk.events.at(-1)?.kind === 'ended') return;
        }
      } else if (!(await reader.changed(signal, LOOK_MS))) {
        if (known.block.endedAtMs !== null) return yield { kind: 'ended', ...known, place };
        // What was told of its end meanwhile is read first.
        const now = await lookUp(blockId, backend);
        if (now.block.endedAtMs !== null) known = now;
      }
    }
  } finally {
    reader.close();
  }
}

/** The block as the board or the store knows it, and the place up to which that counts. */
async function lookUp(blockId: BlockId, backend: FollowBackend): Promise<BlockAtPlace> {
  const found = await findBlock(blockId, backend);
  if ('result' in found) {
    return { block: viewOfResult(found.result), place: BEGINNING, lineageSeed: found.result.lineageSeed };
  }
  const { cursor, lineageSeed } = found.status;
  return { block: viewOfStatus(found.status), place: cursor ?? BEGINNING, lineageSeed };
}

/** Of a block of which nothing was told. */
const BEGINNING: EventCursor = { epoch: 0, seq: 0 };
