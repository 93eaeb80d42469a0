import type { Redis } from 'ioredis';
import { EspalierError } from '../../common/index.js';
import type { BlockId } from '../../proto/index.js';
import { endConnection } from '../redis/end-connection.js';
import { Pacer } from '../redis/pacer.js';
import { ScriptConnection, type ScriptConnectionOptions } from '../redis/script-connection.js';
import { Subscriptions } from '../redis/subscriptions.js';
import type { BlockEvents, EventReader } from './block-events.js';
import { compareCursors } from './event-cursor.js';
import { cursorOf, idOf, type RawEntry, readEntry, splitMessage } from './event-entries.js';
import { EventRing } from './event-ring.js';
import { NEXT_EVENTS } from './event-scripts.js';
import { RingReader } from './ring-reader.js';

/** How often the streams are looked at for what the channels did not tell. */
const LOOK_INTERVAL_MS = 1_000;
/** Streams asked for at once, and entries of them together: a few megabytes, and some milliseconds of Redis's time. */
const BLOCKS_PER_CALL = 200;
const ENTRIES_PER_CALL = 500;
/** What nobody reads any more is kept for so long: whoever lost a connection comes back. */
const LINGER_MS = 5_000;

type Reply = readonly [isLost: 0 | 1, hasMore: 0 | 1, entries: readonly RawEntry[]];

/** A block that is followed by readers of this process, or was a moment ago. */
interface Followed {
  readonly ring: EventRing;
  readers: number;
  linger: NodeJS.Timeout | undefined;
}

interface CatchUp {
  readonly resolve: () => void;
  readonly reject: (error: EspalierError) => void;
}

/**
 * What is told of blocks, by way of Redis (`event-scripts.ts`). Chunks come on the channels of the blocks that are
 * followed here, each with the place that it follows on. Where that is not the end of what is known, on every connection,
 * and every second anyway the streams themselves are read. So a lost message costs a second at most, and a gap that Redis
 * cannot fill is known to be one.
 */
export class RedisBlockEvents implements BlockEvents {
  readonly #connection: ScriptConnection;
  readonly #subscriber: Redis;
  readonly #subscriptions: Subscriptions;
  readonly #followed = new Map<BlockId, Followed>();
  readonly #looks: Pacer;
  readonly #timer: NodeJS.Timeout;
  /** Blocks to be looked at in the next look, and who waits for it. */
  #due = new Map<BlockId, CatchUp[]>();
  #isClosed = false;

  /** Rejects as `connectRedis` does. */
  static async open(options: ScriptConnectionOptions): Promise<RedisBlockEvents> {
    return new RedisBlockEvents(await ScriptConnection.open('events', options));
  }

  private constructor(connection: ScriptConnection) {
    this.#connection = connection;
    this.#looks = new Pacer({ intervalMs: 0, run: () => this.#look(), onTrouble: connection.onTrouble });
    this.#subscriber = connection.redis.duplicate({ lazyConnect: true });
    this.#subscriber.on('error', () => {});
    this.#subscriptions = new Subscriptions(this.#subscriber, {
      onMessage: (channel, message) => this.#hear(channel, message),
      // What was told before is in the stream by then.
      onSubscribed: (channels) => {
        for (const channel of channels) this.#lookAt(this.#blockOf(channel));
      },
    });
    this.#timer = setInterval(() => this.#lookAtAll(), LOOK_INTERVAL_MS).unref();
  }

  follow(blockId: BlockId): EventReader {
    const followed = this.#followed.get(blockId) ?? this.#begin(blockId);
    followed.readers += 1;
    clearTimeout(followed.linger);
    return new RingReader({
      ring: followed.ring,
      catchUp: () => this.#catchUp(blockId),
      onClose: () => {
        followed.readers -= 1;
        if (followed.readers > 0 || this.#isClosed) return;
        followed.linger = setTimeout(() => this.#drop(blockId), LINGER_MS).unref();
      },
    });
  }

  /** Idempotent. Readers hear nothing more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    for (const { linger } of this.#followed.values()) clearTimeout(linger);
    this.#followed.clear();
    this.#rejectAll();
    void this.#looks.close();
    endConnection(this.#subscriber);
    this.#connection.close();
  }

  #rejectAll(): void {
    for (const waiting of this.#due.values()) for (const { reject } of waiting) reject(closedError());
    this.#due.clear();
  }

  #begin(blockId: BlockId): Followed {
    const followed: Followed = { ring: new EventRing(), readers: 0, linger: undefined };
    if (this.#isClosed) return followed;
    this.#followed.set(blockId, followed);
    this.#subscriptions.add(this.#channelOf(blockId));
    return followed;
  }

  #drop(blockId: BlockId): void {
    this.#followed.delete(blockId);
    this.#subscriptions.remove(this.#channelOf(blockId));
  }

  #channelOf(blockId: BlockId): string {
    return this.#connection.keys.of('block', blockId, 'events');
  }

  #blockOf(channel: string): BlockId {
    return channel.slice(this.#channelOf('').length - ':events'.length, -':events'.length);
  }

  /** A message of what follows on all that is known is all there is to it. */
  #hear(channel: string, message: string): void {
    const blockId = this.#blockOf(channel);
    const ring = this.#followed.get(blockId)?.ring;
    const entry = splitMessage(message);
    if (ring === undefined) return;
    if (entry !== undefined && compareCursors(cursorOf(entry[1]), ring.end) === 0) this.#take(blockId, ring, entry);
    else this.#lookAt(blockId);
  }

  #take(blockId: BlockId, ring: EventRing, raw: RawEntry): void {
    try {
      const { chunk, after } = readEntry(blockId, raw);
      ring.append(chunk, after);
    } catch (thrown) {
      this.#connection.onTrouble(EspalierError.from(thrown).message);
      ring.skipTo(cursorOf(raw[0]));
    }
  }

  #lookAtAll(): void {
    for (const blockId of this.#followed.keys()) this.#lookAt(blockId);
  }

  #lookAt(blockId: BlockId): void {
    if (!this.#due.has(blockId)) this.#due.set(blockId, []);
    this.#looks.ask();
  }

  #catchUp(blockId: BlockId): Promise<void> {
    if (this.#isClosed) return Promise.reject(closedError());
    return new Promise((resolve, reject) => {
      this.#due.set(blockId, [...(this.#due.get(blockId) ?? []), { resolve, reject }]);
      this.#looks.ask();
    });
  }

  /** Waits while Redis is away. */
  async #look(): Promise<void> {
    const due = this.#due;
    this.#due = new Map();
    try {
      for (let blocks = [...due.keys()]; blocks.length > 0; ) {
        const some = blocks.splice(0, BLOCKS_PER_CALL);
        for (const blockId of await this.#read(some)) blocks.push(blockId);
      }
    } catch (thrown) {
      // Refused: those who wait go on waiting, for the next look.
      for (const [blockId, waiting] of due) this.#due.set(blockId, [...waiting, ...(this.#due.get(blockId) ?? [])]);
      if (this.#isClosed) this.#rejectAll();
      throw thrown;
    }
    for (const waiting of due.values()) for (const { resolve } of waiting) resolve();
  }

  /** Reads on in the streams of some blocks. Returns those that have more. */
  async #read(blocks: readonly BlockId[]): Promise<readonly BlockId[]> {
    const asked = blocks.flatMap((blockId) => {
      const ring = this.#followed.get(blockId)?.ring;
      return ring === undefined ? [] : [{ blockId, ring, end: ring.end }];
    });
    if (asked.length === 0) return [];
    const args = asked.flatMap(({ blockId, end }) => [blockId, idOf(end)]);
    const replies = (await this.#connection.run(NEXT_EVENTS, [ENTRIES_PER_CALL, ...args])) as readonly Reply[];
    return asked.flatMap(({ blockId, ring, end }, index) => {
      const [isLost, hasMore, entries] = replies[index] ?? [0, 0, []];
      // Meanwhile the channel told of something: what was read may be in it.
      if (compareCursors(ring.end, end) !== 0) return [blockId];
      if (isLost === 1 && (entries.length > 0 || !ring.isEnded)) ring.restart();
      for (const entry of entries) this.#take(blockId, ring, entry);
      // Where an entry of no sense led nowhere, there is nothing more to be had.
      return hasMore === 1 && compareCursors(ring.end, end) !== 0 ? [blockId] : [];
    });
  }
}

function closedError(): EspalierError {
  return new EspalierError('cancelled', 'what is told of blocks is not listened to any more');
}
