import { setTimeout as pause } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { EspalierError } from '../../common/index.js';
import type { JobReport } from '../../proto/index.js';
import { endConnection } from '../redis/end-connection.js';
import type { RedisKeys } from '../redis/redis-keys.js';
import { ReportFeed } from '../report-feed.js';
import { readReport } from './read-report.js';

/** Reports read at a time. */
const REPORTS_MAX = 500;
/** Redis answers at least so often, so that a connection that died without a sign is found out. */
const READ_TIMEOUT_S = 5;
const SILENCE_MAX_MS = 3 * READ_TIMEOUT_S * 1000;
const RETRY_DELAY_MS = 300;

/**
 * Reads a producer's reports on a connection of its own, since reading blocks it. What was read and not yet heard when
 * the process or the connection broke is lost: owners ask for what they believe to be queued every few seconds anyway.
 */
export class ReportInbox {
  readonly #redis: Redis;
  readonly #lists: readonly string[];
  readonly #feed: ReportFeed;
  readonly #onTrouble: (message: string) => void;
  #connection: Redis | undefined;
  #closed = false;

  constructor(
    redis: Redis,
    keys: RedisKeys,
    producerId: string,
    onListenerError: (error: unknown) => void,
    onTrouble: (message: string) => void,
  ) {
    this.#redis = redis;
    this.#lists = [keys.of('inbox', producerId), keys.of('late')];
    this.#feed = new ReportFeed(onListenerError);
    this.#onTrouble = onTrouble;
  }

  listen(listener: (report: JobReport) => void): () => void {
    return this.#feed.listen(listener);
  }

  /** Begins to read, at most once. */
  start(): void {
    if (this.#connection !== undefined || this.#closed) return;
    this.#connection = this.#redis.duplicate({ socketTimeout: SILENCE_MAX_MS });
    // The connection that this one is made after tells of trouble with Redis.
    this.#connection.on('error', () => {});
    void this.#read(this.#connection);
  }

  close(): void {
    this.#closed = true;
    if (this.#connection !== undefined) endConnection(this.#connection);
  }

  async #read(connection: Redis): Promise<void> {
    while (!this.#closed) {
      try {
        const [inbox = '', late = ''] = this.#lists;
        const read = await connection.blmpop(READ_TIMEOUT_S, 2, inbox, late, 'LEFT', 'COUNT', REPORTS_MAX);
        for (const text of read?.[1] ?? []) this.#publish(text);
      } catch (thrown) {
        if (this.#closed) return;
        this.#onTrouble(`reports cannot be read: ${thrown instanceof Error ? thrown.message : thrown}`);
        await pause(RETRY_DELAY_MS);
      }
    }
  }

  /** One that cannot be read must not stop the others. */
  #publish(text: string): void {
    try {
      this.#feed.publish(readReport(text));
    } catch (thrown) {
      this.#onTrouble(`a report is dropped: ${EspalierError.from(thrown).message}`);
    }
  }
}
