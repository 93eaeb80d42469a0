import type { BlockId, EventChunk } from '../../proto/index.js';
import { type BlockEvents, EVENTS_KEPT_MS, type EventReader } from './block-events.js';
import { BEFORE_ALL, predecessor } from './event-cursor.js';
import { clipChunk } from './event-records.js';
import { EventRing } from './event-ring.js';
import { RingReader } from './ring-reader.js';

/** Ended blocks whose events are kept, at most: the oldest go first. */
const ENDED_KEPT_MAX = 1_000;

/** The history of a block: *open* until `end`, then *ended* until `EVENTS_KEPT_MS` have passed or it is told of again. */
interface History {
  readonly ring: EventRing;
  readers: number;
  expiry: NodeJS.Timeout | undefined;
  /** Nothing was told yet, or what was is not to be known any more: kept for those only who are reading it. */
  isForgotten: boolean;
}

/** What is told of the blocks of this process, kept here: nothing survives it. */
export class MemoryBlockEvents implements BlockEvents {
  readonly #keptMs: number;
  readonly #histories = new Map<BlockId, History>();
  /** In the order in which they ended. */
  readonly #ended = new Set<BlockId>();

  constructor({ keptMs = EVENTS_KEPT_MS }: { readonly keptMs?: number } = {}) {
    this.#keptMs = keptMs;
  }

  follow(blockId: BlockId): EventReader {
    const history = this.#historyOf(blockId);
    history.readers += 1;
    const onClose = () => {
      history.readers -= 1;
      this.#dropUnless(blockId, history);
    };
    return new RingReader({ ring: history.ring, catchUp: () => Promise.resolve(), onClose });
  }

  /** What the block's owner tells. The caller has checked that it is the owner. */
  publish(blockId: BlockId, chunk: EventChunk): void {
    const history = this.#historyOf(blockId);
    this.reopen(blockId);
    const after = predecessor(history.isForgotten ? BEFORE_ALL : history.ring.end, chunk);
    if (after === 'told') return;
    history.isForgotten = false;
    history.ring.append(clipChunk(chunk), after);
  }

  /** Up to where was told of a block; undefined where nothing is known. */
  endOf(blockId: BlockId) {
    const history = this.#histories.get(blockId);
    return history === undefined || history.isForgotten ? undefined : history.ring.end;
  }

  /** A block is open again: what was told of it is kept. */
  reopen(blockId: BlockId): void {
    this.#ended.delete(blockId);
    clearTimeout(this.#histories.get(blockId)?.expiry);
  }

  /** A block has ended: what was told of it is kept for a while. */
  end(blockId: BlockId): void {
    const history = this.#histories.get(blockId);
    if (history === undefined) return;
    this.reopen(blockId);
    this.#ended.add(blockId);
    history.expiry = setTimeout(() => this.#forget(blockId), this.#keptMs).unref();
    if (this.#ended.size <= ENDED_KEPT_MAX) return;
    const [oldest] = this.#ended;
    if (oldest !== undefined) this.#forget(oldest);
  }

  #forget(blockId: BlockId): void {
    this.reopen(blockId);
    const history = this.#histories.get(blockId);
    if (history === undefined) return;
    history.isForgotten = true;
    this.#dropUnless(blockId, history);
  }

  #historyOf(blockId: BlockId): History {
    const known = this.#histories.get(blockId);
    if (known !== undefined) return known;
    const history: History = { ring: new EventRing(), readers: 0, expiry: undefined, isForgotten: true };
    this.#histories.set(blockId, history);
    return history;
  }

  /** Drops what is forgotten and read by nobody. */
  #dropUnless(blockId: BlockId, { isForgotten, readers }: History): void {
    if (isForgotten && readers === 0) this.#histories.delete(blockId);
  }
}
