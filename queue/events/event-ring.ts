import type { EventChunk, EventCursor } from '../../proto/index.js';
import { EVENTS_KEPT_MAX } from './block-events.js';
import { BEFORE_ALL, compareCursors, endOf } from './event-cursor.js';

/**
 * What is known of one block's history: its last `EVENTS_KEPT_MAX` events and more, in chunks that follow each other
 * without a gap. All readers of a block in this process share one.
 *
 * It reaches from its *floor*, the place that its first chunk follows on, to its *end*. Where a chunk does not follow on
 * the end, something was missed: then all that was known before is dropped, and the floor is where that chunk begins.
 * When the history itself was lost, and begins anew, `restart` begins another *life* of the ring: no place of an earlier
 * one means anything in it.
 */
export class EventRing {
  /** Those before `#head` are dropped already. */
  #chunks: EventChunk[] = [];
  #head = 0;
  #events = 0;
  #floor: EventCursor = BEFORE_ALL;
  #end: EventCursor = BEFORE_ALL;
  #version = 0;
  #life = 0;
  readonly #waiting = new Set<() => void>();

  get end(): EventCursor {
    return this.#end;
  }

  /** Grows whenever a reader may see something else than before. */
  get version(): number {
    return this.#version;
  }

  get life(): number {
    return this.#life;
  }

  /** Whether the last thing it knows is how the block ended. */
  get isEnded(): boolean {
    return this.#chunks.at(-1)?.events.at(-1)?.kind === 'ended';
  }

  /** `after`: the place that the chunk follows on. */
  append(chunk: EventChunk, after: EventCursor): void {
    if (compareCursors(after, this.#end) !== 0) this.#clear(after);
    this.#chunks.push(chunk);
    this.#events += chunk.events.length;
    this.#end = endOf(chunk);
    this.#trim();
    this.touch();
  }

  /** Goes on behind something that cannot be told. */
  skipTo(place: EventCursor): void {
    this.#clear(place);
    this.touch();
  }

  restart(): void {
    this.#clear(BEFORE_ALL);
    this.#life += 1;
    this.touch();
  }

  /**
   * Chunks behind `after`, see `EventReader.read`; `gone` where it is not known what follows. `ahead`: `after` is behind
   * the end, and nothing is known of it (yet).
   */
  read(after: EventCursor, max: number): readonly EventChunk[] | 'gone' | 'ahead' {
    const next = this.#firstBehind(after);
    if (!this.#knows(after, next)) return compareCursors(after, this.#end) > 0 ? 'ahead' : 'gone';
    const found: EventChunk[] = [];
    for (let events = 0, at = next; at < this.#chunks.length; at++) {
      const chunk = this.#at(at);
      events += chunk.events.length;
      if (events > max && found.length > 0) break;
      found.push(chunk);
    }
    return found;
  }

  /** Calls once, at the next change. Returns how to take that back. */
  onceChanged(listener: () => void): () => void {
    const own = () => listener();
    this.#waiting.add(own);
    return () => this.#waiting.delete(own);
  }

  /** Has all readers look again. */
  touch(): void {
    this.#version += 1;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const listener of waiting) listener();
  }

  /** `next` is the first chunk behind the place. */
  #knows(place: EventCursor, next: number): boolean {
    if (compareCursors(place, this.#floor) === 0) return true;
    if (compareCursors(place, this.#floor) < 0) return false;
    // An epoch begins where an earlier one ends, whether or not anything was told in it.
    if (place.seq === 0) return true;
    if (next < this.#chunks.length && covers(this.#at(next), place)) return true;
    return next > this.#head && covers(this.#at(next - 1), place);
  }

  /** Index of the first chunk with an event behind the place. */
  #firstBehind(place: EventCursor): number {
    let [low, high] = [this.#head, this.#chunks.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareCursors(endOf(this.#at(middle)), place) > 0) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #trim(): void {
    for (;;) {
      const oldest = this.#at(this.#head);
      if (this.#events - oldest.events.length < EVENTS_KEPT_MAX) break;
      this.#events -= oldest.events.length;
      this.#floor = endOf(oldest);
      this.#head += 1;
    }
    // Now and then, so that it costs nothing.
    if (this.#head * 2 > this.#chunks.length) {
      this.#chunks = this.#chunks.slice(this.#head);
      this.#head = 0;
    }
  }

  #clear(floor: EventCursor): void {
    this.#chunks = [];
    this.#head = 0;
    this.#events = 0;
    this.#floor = floor;
    this.#end = floor;
  }

  #at(index: number): EventChunk {
    const chunk = this.#chunks[index];
    if (chunk === undefined) throw new Error(`there is no chunk ${index}`);
    return chunk;
  }
}

/** Whether a place is in a chunk, or right before it. */
function covers(chunk: EventChunk, { epoch, seq }: EventCursor): boolean {
  return chunk.epoch === epoch && seq >= chunk.first - 1 && seq <= endOf(chunk).seq;
}
