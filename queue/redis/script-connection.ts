import type { Redis } from 'ioredis';
import { connectRedis, EspalierError } from '../../common/index.js';
import { endConnection } from './end-connection.js';
import { NAMESPACE_DEFAULT, RedisKeys } from './redis-keys.js';
import type { RedisScript } from './redis-script.js';

export interface ScriptConnectionOptions {
  /** `redis://host:6379`. */
  readonly url: string;
  readonly namespace?: string | undefined;
  /** Hears of a connection that is lost and found, and of what cannot be read. */
  readonly onTrouble?: ((message: string) => void) | undefined;
}

/** No command of the board or the fleet takes Redis longer than a fraction of a second. */
const ANSWER_WITHIN_MS = 5_000;

/** A connection for scripts that make their keys from the namespace's prefix, and for commands that do not block. */
export class ScriptConnection {
  readonly redis: Redis;
  readonly keys: RedisKeys;
  readonly onTrouble: (message: string) => void;

  /** Rejects as `connectRedis` does. `name` is what it is for. */
  static async open(name: string, options: ScriptConnectionOptions): Promise<ScriptConnection> {
    const { url, namespace = NAMESPACE_DEFAULT, onTrouble = () => {} } = options;
    const redis = await connectRedis({ url, name, onTrouble, answerWithinMs: ANSWER_WITHIN_MS });
    return new ScriptConnection(redis, new RedisKeys(namespace), onTrouble);
  }

  private constructor(redis: Redis, keys: RedisKeys, onTrouble: (message: string) => void) {
    this.redis = redis;
    this.keys = keys;
    this.onTrouble = onTrouble;
  }

  /** Waits while Redis is away. Rejects with `queue-unavailable` when it refuses, or the connection was closed. */
  async ask<Reply>(command: (redis: Redis, keys: RedisKeys) => Promise<Reply>): Promise<Reply> {
    try {
      return await command(this.redis, this.keys);
    } catch (thrown) {
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      throw new EspalierError('queue-unavailable', `Redis did not carry out a command: ${reason}`, { cause: thrown });
    }
  }

  /** Resolves when Redis has answered. */
  async ping(): Promise<void> {
    await this.ask((redis) => redis.ping());
  }

  run(script: RedisScript, args: readonly (string | number)[]): Promise<unknown> {
    return this.ask((redis, keys) => script.run(redis, [keys.prefix], args));
  }

  /** What can be read of these. The rest stays where it is, and is told: one that is broken must not stop the others. */
  readable<Raw, T>(raw: readonly Raw[], read: (raw: Raw) => T): T[] {
    return raw.flatMap((one) => {
      try {
        return [read(one)];
      } catch (thrown) {
        this.onTrouble(EspalierError.from(thrown).message);
        return [];
      }
    });
  }

  close(): void {
    endConnection(this.redis);
  }
}
