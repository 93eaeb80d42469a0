import type { Redis } from 'ioredis';
import { endConnection } from './end-connection.js';
import { Pacer } from './pacer.js';
import { Subscriptions } from './subscriptions.js';

/**
 * Tells that something has changed: on messages of a channel, and when the connection to Redis is back, since messages
 * may have been missed. Whoever listens looks for what is new; a message says no more than that. The first listener
 * makes it connect, and hears at once.
 */
export class ChangeFeed {
  readonly #subscriber: Redis;
  readonly #subscriptions: Subscriptions;
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
    const tell = () => this.tell();
    // Where it may not listen the connection is back all the same.
    const when = { onMessage: tell, onSubscribed: tell, onRefused: tell };
    this.#subscriptions = new Subscriptions(this.#subscriber, when);
  }

  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    if (this.#subscriber.status === 'wait') this.#subscriptions.add(this.#channel);
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
