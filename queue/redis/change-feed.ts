import type { Redis } from 'ioredis';
import { endConnection } from './end-connection.js';
import { Pacer } from './pacer.js';

/**
 * Tells that something has changed: on messages of a channel, and when the connection to Redis is back, since messages
 * may have been missed. Whoever listens looks for what is new; a message says no more than that. The first listener
 * makes it connect, and hears at once.
 */
export class ChangeFeed {
  readonly #subscriber: Redis;
  readonly #channel: string;
  readonly #listeners = new Set<() => void>();
  readonly #pacer: Pacer;

  /** `redis` is a connection to the same server, which tells of trouble. Changes within `intervalMs` are told as one. */
  constructor(redis: Redis, channel: string, intervalMs: number) {
    this.#subscriber = redis.duplicate({ lazyConnect: true });
    this.#channel = channel;
    this.#pacer = new Pacer({
      intervalMs,
      run: () => {
        for (const listener of this.#listeners) listener();
      },
    });
    this.#subscriber.on('error', () => {});
    this.#subscriber.on('message', () => this.tell());
    this.#subscriber.on('ready', () => this.tell());
  }

  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    // It waits for Redis where that is away, and fails only when this is closed.
    if (this.#subscriber.status === 'wait') {
      void this.#subscriber.subscribe(this.#channel).then(
        () => this.tell(),
        () => {},
      );
    }
    return () => this.#listeners.delete(listener);
  }

  tell(): void {
    this.#pacer.ask();
  }

  close(): void {
    void this.#pacer.close();
    endConnection(this.#subscriber);
  }
}
