import {
  type BlockId,
  type BlockView,
  cursorToText,
  type EventChunk,
  type EventCursor,
  eventToWire,
  type WatchedEventBody,
  watchedEvent,
  wire,
} from '../../proto/index.js';
import type { ApiBackend } from './api-backend.js';
import { type BlockAtPlace, type FollowBackend, followBlock } from './follow-block.js';

/** A message; encoded already where several readers get the same one. */
export type WatchMessage = wire.WatchBlockResponse | Uint8Array;

/** `WatchBlock`: see `followBlock`. */
export async function* watchBlock(
  blockId: BlockId,
  after: EventCursor | undefined,
  backend: FollowBackend & Pick<ApiBackend, 'clock'>,
  signal: AbortSignal,
): AsyncGenerator<WatchMessage> {
  for await (const followed of followBlock(blockId, after, backend, signal)) {
    if (followed.kind === 'chunk') {
      yield chunkMessage(followed.chunk, followed.from, followed.block);
    } else {
      const { kind, block } = followed;
      const what: WatchedEventBody = kind === 'ended' ? { kind, block } : { kind, block, reason: followed.reason };
      yield oneEvent(what, followed, backend.clock.nowMs());
    }
  }
}

function oneEvent(body: WatchedEventBody, { block, place }: BlockAtPlace, nowMs: number): wire.WatchBlockResponse {
  const atMs = body.kind === 'ended' ? (block.endedAtMs ?? nowMs) : nowMs;
  return { events: [eventToWire({ atMs, cursor: cursorToText(place), ...body }, block.deadlineAtMs)] };
}

/** Chunks that somebody got whole, as they were sent: however many watch a block, each is encoded once. */
const encoded = new WeakMap<EventChunk, Uint8Array>();

function chunkMessage(chunk: EventChunk, from: number, block: BlockView): WatchMessage {
  const known = from === 0 ? encoded.get(chunk) : undefined;
  if (known !== undefined) return known;
  const events = chunk.events.slice(from).map((event, index) => {
    const cursor = cursorToText({ epoch: chunk.epoch, seq: chunk.first + from + index });
    return eventToWire({ cursor, ...watchedEvent(event, block) }, block.deadlineAtMs);
  });
  if (from > 0) return { events };
  const bytes = wire.WatchBlockResponse.encode({ events }).finish();
  encoded.set(chunk, bytes);
  return bytes;
}
