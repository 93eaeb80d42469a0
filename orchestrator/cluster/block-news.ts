import { setTimeout as delay } from 'node:timers/promises';
import { type Clock, EspalierError } from '../../common/index.js';
import {
  type BlockEvent,
  type BlockEventBody,
  type BlockResult,
  type EventChunk,
  type EventCursor,
  LevelCounts,
  type LevelProgress,
} from '../../proto/index.js';

/** Events are gathered for so long, but the first one after a pause goes out at once. */
const GATHER_MS = 10;
const CHUNK_MAX = 500;
/** Events that wait at most. Beyond that they are summed up: those who watch have lost sight anyway. */
const WAITING_MAX = 20_000;
/** How often a chunk is tried that is refused for a reason that will hardly pass, and how long to wait in between. */
const TRIES_MAX = 3;
const RETRY_MS = 1_000;

export interface BlockNewsOptions {
  /** The fencing token of the claim. */
  readonly epoch: number;
  readonly clock: Pick<Clock, 'nowMs' | 'monotonicMs'>;
  /** Tried for as long as what it needs is away. Rejects with `lease-lost` when the block is another's. */
  readonly publish: (chunk: EventChunk) => Promise<void>;
  readonly onFault: (thrown: unknown) => void;
}

/** How far a block is, up to a place in its history. */
export interface PublishedCounts {
  readonly cursor: EventCursor;
  readonly levels: readonly LevelProgress[];
  readonly done: number;
  readonly running: number;
}

/**
 * What the owner of a block tells of it: numbers the events and publishes them in order, some at a time.
 *
 * It is *silent* until it is told `planned` or `ended`, then *telling*; `closed` after `ended` or `close`. While it is
 * telling at most one chunk is on its way, and what is told meanwhile waits. Where too much waits, or a chunk is refused
 * for good, what waits is replaced by a `planned` that carries the counts: whoever watches begins anew with it. Is that
 * refused, too, nothing more is told.
 */
export class BlockNews {
  readonly #options: BlockNewsOptions;
  #waiting: BlockEvent[] = [];
  /** Events that are published. */
  #published = 0;
  /** What is published next takes the place of something that could not be. */
  #isSummedUp = false;
  #isSending = false;
  #sentMs = -Infinity;
  #timer: NodeJS.Timeout | undefined;
  #state: 'silent' | 'telling' | 'ended' | 'closed' = 'silent';
  /** After all events so far, and after those that are published. */
  #told: LevelCounts | undefined;
  #publishedCounts: LevelCounts | undefined;
  #lineageSeed = '';
  #forecast: BlockEventBody | undefined;
  #onIdle: (() => void)[] = [];

  constructor(options: BlockNewsOptions) {
    this.#options = options;
  }

  /** What is told before `planned` is summed up by that, and what is told after `ended` is of no interest. */
  tell(body: BlockEventBody): void {
    if (this.#state === 'ended' || this.#state === 'closed') return;
    if (body.kind === 'planned') {
      this.#state = 'telling';
      this.#told = new LevelCounts(body.levels);
      this.#lineageSeed = body.lineageSeed;
    } else if (body.kind === 'ended') this.#state = 'ended';
    if (this.#state === 'silent') return;
    if (body.kind === 'forecast') this.#forecast = body;
    this.#told?.apply(body);
    this.#waiting.push(this.#dated(body));
    if (this.#waiting.length > WAITING_MAX) this.#sumUp();
    this.#plan();
  }

  /** Resolves when the end is published. */
  async end(result: BlockResult): Promise<void> {
    this.tell({ kind: 'ended', result });
    await this.idle();
  }

  /** As they were when everything up to the cursor had been told; undefined before anything is published. */
  get counts(): PublishedCounts | undefined {
    if (this.#publishedCounts === undefined) return undefined;
    const { done, running } = this.#publishedCounts.total();
    const cursor = { epoch: this.#options.epoch, seq: this.#published };
    return { cursor, levels: this.#publishedCounts.levels(), done, running };
  }

  /** Resolves when nothing waits any more. */
  async idle(): Promise<void> {
    if (this.#waiting.length === 0 && !this.#isSending) return;
    await new Promise<void>((resolve) => this.#onIdle.push(resolve));
  }

  /** Nothing more is published but what is on its way. */
  close(): void {
    this.#state = 'closed';
    this.#waiting = [];
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#isSending) this.#tellIdle();
  }

  #dated(body: BlockEventBody): BlockEvent {
    return { atMs: this.#options.clock.nowMs(), ...body };
  }

  #plan(): void {
    if (this.#isSending || this.#timer !== undefined) return;
    const restMs = this.#sentMs + GATHER_MS - this.#options.clock.monotonicMs();
    // What happens in the same turn goes together.
    this.#timer = setTimeout(() => void this.#send(), Math.max(0, restMs));
  }

  async #send(): Promise<void> {
    this.#timer = undefined;
    this.#isSending = true;
    while (this.#waiting.length > 0) {
      this.#sentMs = this.#options.clock.monotonicMs();
      const events = this.#waiting.splice(0, CHUNK_MAX);
      if (await this.#publish(events)) this.#count(events);
      else if (this.#isSummedUp) this.close();
      else this.#sumUp();
      // A chunk that is not full can wait for more.
      if (this.#waiting.length < CHUNK_MAX) break;
    }
    this.#isSending = false;
    if (this.#waiting.length > 0) this.#plan();
    else this.#tellIdle();
  }

  /** False if they are not published, and will not be. */
  async #publish(events: readonly BlockEvent[]): Promise<boolean> {
    const { epoch, publish, onFault } = this.#options;
    const chunk = { epoch, first: this.#published + 1, events };
    for (let tries = 1; this.#state !== 'closed'; tries++) {
      try {
        await publish(chunk);
        return true;
      } catch (thrown) {
        // It is another's, or this process ends.
        if (['lease-lost', 'cancelled'].includes(EspalierError.from(thrown).code)) this.close();
        onFault(thrown);
        if (tries === TRIES_MAX) return false;
        await delay(RETRY_MS);
      }
    }
    return false;
  }

  #count(events: readonly BlockEvent[]): void {
    for (const event of events) {
      if (event.kind === 'planned') this.#publishedCounts = new LevelCounts(event.levels);
      else this.#publishedCounts?.apply(event);
    }
    this.#published += events.length;
    this.#isSummedUp = false;
  }

  /** Puts what is true now in the place of all that waits. */
  #sumUp(): void {
    if (this.#state === 'closed') return;
    this.#isSummedUp = true;
    const end = this.#waiting.find(({ kind }) => kind === 'ended');
    this.#waiting = [];
    if (this.#told !== undefined) {
      this.#waiting.push(this.#dated({ kind: 'planned', levels: this.#told.levels(), lineageSeed: this.#lineageSeed }));
    }
    if (this.#forecast !== undefined) this.#waiting.push(this.#dated(this.#forecast));
    if (end !== undefined) this.#waiting.push(end);
  }

  #tellIdle(): void {
    for (const resolve of this.#onIdle.splice(0)) resolve();
  }
}
