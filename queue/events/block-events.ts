import type { BlockId, EventChunk, EventCursor } from '../../proto/index.js';

/** Events of one block that are kept for those who come back, at least; older ones are summed up in a snapshot. */
export const EVENTS_KEPT_MAX = 20_000;
/** Events of one chunk, at most. */
export const CHUNK_EVENTS_MAX = 1_000;
/** Of an error's message and the like, in events; what is longer is cut. The result of a block has it in full. */
export const EVENT_TEXT_CHARS_MAX = 2_000;
/** How long those of an ended block are kept. */
export const EVENTS_KEPT_MS = 300_000;

/**
 * What is told of the blocks of a cluster (`BlockOwner.publish`), for any number of readers in this process. However many
 * there are of one block, and however slow, what is kept of it is kept once.
 */
export interface BlockEvents {
  /** Follows a block, whether or not anything is told of it yet. Close the reader. */
  follow(blockId: BlockId): EventReader;
}

/**
 * One reader's view of one block's events. Readers keep their own place: nothing is queued for any of them.
 */
export interface EventReader {
  /**
   * Chunks behind `after`, oldest first, at most `max` events in all (but one chunk at least); the first may begin before
   * `after` in the middle of a chunk. Empty: nothing yet. `gone`: what follows `after` is not known (any more): read the
   * block's status, and go on from its cursor. A new epoch follows directly on the end of an earlier one.
   */
  read(after: EventCursor, max: number): readonly EventChunk[] | 'gone';
  /**
   * Resolves with true when there may be more than at the last `read`, at once if there is by now, and with false when it
   * has been quiet for `quietMs`. Rejects when `signal` aborts.
   */
  changed(signal: AbortSignal, quietMs: number): Promise<boolean>;
  close(): void;
}
