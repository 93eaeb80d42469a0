import { type BlockId, type BlockView, eventFromWire, type WatchedEvent } from '../proto/index.js';
import { BlockFold } from './block-fold.js';
import type { Connection } from './connection.js';
import { readStream } from './read-stream.js';

/** A place in the history of a block, and the block as it was there: what `watch` goes on from, also another day. */
export interface WatchPlace {
  readonly cursor: string;
  readonly block: BlockView;
}

/** One event, and the block after it. The `cursor` is the event's. */
export interface WatchUpdate extends WatchPlace {
  readonly event: WatchedEvent;
}

export interface WatchOptions {
  /** Goes on behind this: an update, or what was kept of it. Left out: begins with a snapshot. */
  readonly after?: WatchPlace;
  /** Stops: the iteration rejects with `cancelled`. Leaving the loop does too, without an error. */
  readonly signal?: AbortSignal;
}

export async function* watchBlock(
  connection: Connection,
  blockId: BlockId,
  { after, signal }: WatchOptions,
): AsyncGenerator<WatchUpdate, void> {
  const fold = new BlockFold(after?.block ?? null);
  let cursor = after?.cursor ?? '';
  // Once its id is known: a beginning that named one block may name two when the stream is made anew.
  let name = blockId;
  let hasEnded = false;
  const messages = readStream(connection, {
    open: () => connection.blocks.watchBlock({ blockId: name, cursor }, connection.metadata()),
    isOver: () => hasEnded,
    isResumable: true,
    signal,
  });
  for await (const { events } of messages) {
    for (const told of events) {
      const event = eventFromWire(told);
      cursor = event.cursor;
      const block = fold.apply(event);
      name = block.blockId;
      hasEnded = event.kind === 'ended';
      yield { cursor, event, block };
      if (hasEnded) return;
    }
  }
}
