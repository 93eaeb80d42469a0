import type { EventChunk, EventCursor } from '../../proto/index.js';

/** The place before all that is ever told. */
export const BEFORE_ALL: EventCursor = { epoch: 0, seq: 0 };

/** Negative where `a` is before `b`. */
export function compareCursors(a: EventCursor, b: EventCursor): number {
  return a.epoch === b.epoch ? a.seq - b.seq : a.epoch - b.epoch;
}

/** The place of a chunk's last event. */
export function endOf({ epoch, first, events }: EventChunk): EventCursor {
  return { epoch, seq: first + events.length - 1 };
}

/**
 * What a chunk follows on, where `end` is the place of the last event before it: `end` itself if nothing is missing in
 * between, else a place that nothing is known of. 'told': it is there already.
 */
export function predecessor(end: EventCursor, chunk: EventChunk): EventCursor | 'told' {
  if (compareCursors(endOf(chunk), end) <= 0 && chunk.epoch === end.epoch) return 'told';
  const isNext = chunk.first === (chunk.epoch === end.epoch ? end.seq + 1 : 1);
  return isNext ? end : { epoch: chunk.epoch, seq: chunk.first - 1 };
}
