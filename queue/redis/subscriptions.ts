import type { Redis } from 'ioredis';

export interface SubscriptionsOptions {
  readonly onMessage: (channel: string, message: string) => void;
  /** Hears which channels are subscribed to from now on, for the first time or again: messages may have been missed. */
  readonly onSubscribed: (channels: readonly string[]) => void;
  /** Hears of a Redis that refuses, and of a connection that ends meanwhile. */
  readonly onRefused?: ((error: Error) => void) | undefined;
}

/**
 * The channels that a connection is subscribed to, on every connection that it makes again. ioredis does that itself
 * unless told not to, but up to 6.0.0 a subscription that is refused, or that the end of the connection cuts off, is then
 * a rejection that nobody handles, and ends the process (redis/ioredis#2187).
 */
export class Subscriptions {
  readonly #redis: Redis;
  readonly #options: SubscriptionsOptions;
  readonly #channels = new Set<string>();

  /** `redis` is one that `connectRedis` made, or a duplicate of one. */
  constructor(redis: Redis, options: SubscriptionsOptions) {
    this.#redis = redis;
    this.#options = options;
    redis.on('message', options.onMessage);
    redis.on('ready', () => {
      if (this.#channels.size > 0) this.#subscribe([...this.#channels]);
    });
  }

  /** It connects what is not connected yet, and waits while Redis is away. */
  add(...channels: readonly string[]): void {
    for (const channel of channels) this.#channels.add(channel);
    this.#subscribe(channels);
  }

  remove(channel: string): void {
    this.#channels.delete(channel);
    this.#redis.unsubscribe(channel).catch(() => {});
  }

  #subscribe(channels: readonly string[]): void {
    const { onSubscribed, onRefused = () => {} } = this.#options;
    this.#redis.subscribe(...channels).then(() => onSubscribed(channels), onRefused);
  }
}
