import type { Redis } from 'ioredis';

/** First line of a script that is carried out though Redis has no memory left for more. */
export const ALLOW_OOM = '#!lua flags=allow-oom';

/**
 * A Lua script, which Redis carries out as one step. It is sent in the order of the connection's other commands, and
 * again when the connection breaks before its answer: it must be able to bear that it has run already.
 */
export class RedisScript {
  readonly #command: string;

  /** `name` tells it from the other scripts on a connection, BullMQ's included. */
  constructor(
    readonly name: string,
    readonly lua: string,
  ) {
    this.#command = `espalier:${name}`;
  }

  run(redis: Redis, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    const commands = redis as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
    if (commands[this.#command] === undefined) redis.defineCommand(this.#command, { lua: this.lua });
    // biome-ignore lint/style/noNonNullAssertion: it was defined above.
    return commands[this.#command]!.call(redis, keys.length, ...keys, ...args);
  }
}
