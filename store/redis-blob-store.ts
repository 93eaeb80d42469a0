import type { ChainableCommander, Redis } from 'ioredis';
import { connectRedis, EspalierError, redactRedisUrl } from '../common/index.js';
import type { BlobStore } from './blob-store.js';
import { checkBlobSize, checkKey, checkPrefix } from './check-key.js';

export interface RedisBlobStoreOptions {
  readonly url: string;
  /** Keys begin with it, in braces: one namespace is one fleet. */
  readonly namespace: string;
  /** Hears once when the connection is lost, and once when it is back. */
  readonly onTrouble?: ((message: string) => void) | undefined;
  /** How long a command may go without an answer. Default 10 s. */
  readonly timeoutMs?: number | undefined;
}

const TIMEOUT_MS_DEFAULT = 10_000;
/** Keys that `list` asks for at a time. */
const PAGE_KEYS = 1_000;

/**
 * Blobs as strings of a Redis, `{<namespace>}:blob:<key>`, and the names of all in one sorted set beside them, which
 * changes with them in one transaction: so listing looks at what it yields and at nothing else of that Redis. Nothing
 * expires, and a Redis that evicts is refused.
 *
 * `put` is as durable as that Redis: with AOF on and `appendfsync everysec`, the last second may be lost with the
 * machine, and is found again like any proof that was lost; with AOF off everything goes with the process.
 *
 * Redis being away rejects with `store-unavailable`, at once when the connection is refused or lost and within
 * `timeoutMs` when nothing answers; what was rejected so may be carried out all the same, even later. It connects
 * again by itself.
 */
export class RedisBlobStore implements BlobStore {
  /** For messages: the URL without its password. */
  readonly shown: string;
  readonly #redis: Redis;
  readonly #blob: string;
  readonly #index: string;

  private constructor(redis: Redis, shown: string, namespace: string) {
    this.shown = shown;
    this.#redis = redis;
    this.#blob = `{${namespace}}:blob:`;
    this.#index = `{${namespace}}:blobs`;
  }

  /** Rejects with `store-unavailable`, with `redis-unsuitable` for one that evicts, and with `usage` for what is no URL. */
  static async open({ url, namespace, onTrouble, timeoutMs }: RedisBlobStoreOptions): Promise<RedisBlobStore> {
    const shown = redactRedisUrl(url);
    try {
      const commandTimeoutMs = timeoutMs ?? TIMEOUT_MS_DEFAULT;
      const redis = await connectRedis({ url, name: 'store', onTrouble, commandTimeoutMs });
      return new RedisBlobStore(redis, shown, namespace);
    } catch (thrown) {
      if (!(thrown instanceof EspalierError) || thrown.code !== 'queue-unavailable') throw thrown;
      throw new EspalierError('store-unavailable', `the store's ${thrown.message}`, {
        cause: thrown,
        // What helps is the same; only the option that named it is another.
        remedy: (thrown.remedy ?? '').replace(/--redis\b(?!-)/, '--store'),
      });
    }
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    checkKey(key);
    checkBlobSize(key, bytes.length);
    // A view, not a copy: it has been written when this resolves.
    const value = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    await this.#do('write', key, (redis) =>
      commit(
        redis
          .multi()
          .set(this.#blob + key, value)
          .zadd(this.#index, 0, key),
      ),
    );
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    checkKey(key);
    const value = await this.#do('read', key, (redis) => redis.getBuffer(this.#blob + key));
    return value === null ? undefined : new Uint8Array(value);
  }

  async has(key: string): Promise<boolean> {
    checkKey(key);
    return (await this.#do('read', key, (redis) => redis.exists(this.#blob + key))) === 1;
  }

  async delete(key: string): Promise<void> {
    checkKey(key);
    await this.#do('delete', key, (redis) =>
      commit(
        redis
          .multi()
          .unlink(this.#blob + key)
          .zrem(this.#index, key),
      ),
    );
  }

  async *list(prefix: string): AsyncIterable<string> {
    checkPrefix(prefix);
    // `0` comes after `/`: the first key beyond all that begin with the prefix.
    const end = prefix === '' ? '+' : `(${prefix.slice(0, -1)}0`;
    for (let start = prefix === '' ? '-' : `[${prefix}`; ; ) {
      const from = start;
      const page = await this.#do('list', prefix, (redis) =>
        redis.zrange(this.#index, from, end, 'BYLEX', 'LIMIT', 0, PAGE_KEYS),
      );
      yield* page;
      if (page.length < PAGE_KEYS) return;
      start = `(${page.at(-1)}`;
    }
  }

  /** Ends the connection; what is under way rejects. Idempotent. */
  close(): void {
    this.#redis.disconnect();
  }

  async #do<T>(deed: string, key: string, command: (redis: Redis) => Promise<T>): Promise<T> {
    try {
      return await command(this.#redis);
    } catch (thrown) {
      throw redisError(`cannot ${deed} ${key} in Redis at ${this.shown}`, thrown);
    }
  }
}

/** Rejects unless every command of the transaction was carried out. */
async function commit(transaction: ChainableCommander): Promise<void> {
  for (const [error] of (await transaction.exec()) ?? []) if (error !== null) throw error;
}

function redisError(what: string, cause: unknown): EspalierError {
  const { reason, remedy } = explain(cause);
  return new EspalierError('store-unavailable', `${what}: ${reason}`, { cause, remedy });
}

function explain(thrown: unknown): { readonly reason: string; readonly remedy: string } {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  // A transaction says only that it was discarded; what its commands were told is beside it.
  const { previousErrors = [] } = error as { previousErrors?: readonly Error[] };
  if ([error, ...previousErrors].some(({ message }) => message.startsWith('OOM'))) {
    // Not `disk-full`, which nobody tries again: here room is made all the time, as proofs go that were used.
    return { reason: 'it is out of memory (maxmemory)', remedy: 'raise its maxmemory, or use a store of another kind' };
  }
  const remedy = 'check that it runs and can be reached';
  if (error.name === 'MaxRetriesPerRequestError') return { reason: 'it is away', remedy };
  return { reason: previousErrors[0]?.message ?? error.message, remedy };
}
