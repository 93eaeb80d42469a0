import type { WorkerInfo } from '../../proto/index.js';
import { readJson } from '../read-json.js';
import { ChangeFeed } from '../redis/change-feed.js';
import { ScriptConnection, type ScriptConnectionOptions } from '../redis/script-connection.js';
import { workerSchema } from './board-records.js';
import type { Fleet, FleetEntry } from './fleet.js';
import { DRAIN, LIST } from './fleet-scripts.js';
import { RedisFleetEntry } from './redis-fleet-entry.js';

/** Changes that come together are told once. */
const CHANGE_INTERVAL_MS = 100;

/** The fleet in Redis. Methods wait while Redis is away, and reject with `queue-unavailable` when it refuses them. */
export class RedisFleet implements Fleet {
  readonly #connection: ScriptConnection;
  readonly #feed: ChangeFeed;

  /** Rejects as `connectRedis` does. */
  static async open(options: ScriptConnectionOptions): Promise<RedisFleet> {
    return new RedisFleet(await ScriptConnection.open('fleet', options));
  }

  private constructor(connection: ScriptConnection) {
    this.#connection = connection;
    this.#feed = new ChangeFeed(connection.redis, connection.keys.of('fleet'), CHANGE_INTERVAL_MS);
  }

  /**
   * Enters a worker of this process, for as long as its session lives: the caller adds `info.workerId` to its heart.
   * Close the entry before the fleet.
   */
  join(info: WorkerInfo): Promise<FleetEntry> {
    return RedisFleetEntry.enter(this.#connection, info);
  }

  async list(): Promise<readonly WorkerInfo[]> {
    const entries = (await this.#connection.run(LIST, [])) as string[];
    return this.#connection
      .readable(entries, (entry) => readJson(workerSchema, entry, "a worker's entry in the fleet") as WorkerInfo)
      .sort((a, b) => (a.workerId < b.workerId ? -1 : 1));
  }

  /** Resolves when Redis has answered. */
  ping(): Promise<void> {
    return this.#connection.ping();
  }

  async drain(workerId: string, reason: string): Promise<boolean> {
    return (await this.#connection.run(DRAIN, [workerId, reason])) === 1;
  }

  onChange(listener: () => void): () => void {
    return this.#feed.listen(listener);
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.#feed.close();
    this.#connection.close();
  }
}
