import { settledWithin } from '../../common/index.js';
import type { WorkerInfo } from '../../proto/index.js';
import { ChangeFeed } from '../redis/change-feed.js';
import { LEAVE_WITHIN_MS } from '../redis/heart.js';
import { Pacer } from '../redis/pacer.js';
import type { ScriptConnection } from '../redis/script-connection.js';
import type { FleetEntry } from './fleet.js';
import { ENTER, LEAVE_FLEET } from './fleet-scripts.js';

/** Four writes a second at most, however often a worker's state changes. */
const WRITE_INTERVAL_MS = 250;
/** So often an entry is written anyway: it keeps the fleet, and a worker hears of a drain whose message it missed. */
const REFRESH_INTERVAL_MS = 1_000;

/** Each write asks whether the worker is to drain; a message only has it ask sooner. */
export class RedisFleetEntry implements FleetEntry {
  readonly #connection: ScriptConnection;
  readonly #feed: ChangeFeed;
  readonly #writes: Pacer;
  readonly #timer: NodeJS.Timeout;
  readonly #listeners: ((reason: string) => void)[] = [];
  #info: WorkerInfo;
  #drainReason: string | undefined;
  #closing: Promise<void> | undefined;

  /** See `RedisFleet.join`. */
  static async enter(connection: ScriptConnection, info: WorkerInfo): Promise<RedisFleetEntry> {
    const entry = new RedisFleetEntry(connection, info);
    await entry.#write();
    return entry;
  }

  private constructor(connection: ScriptConnection, info: WorkerInfo) {
    this.#connection = connection;
    this.#feed = new ChangeFeed(connection.redis, connection.keys.of('drain', info.workerId), 0);
    this.#info = info;
    const { onTrouble } = connection;
    this.#writes = new Pacer({ intervalMs: WRITE_INTERVAL_MS, run: () => this.#write(), onTrouble });
    this.#timer = setInterval(() => this.#writes.ask(), REFRESH_INTERVAL_MS).unref();
    this.#feed.listen(() => this.#writes.ask());
  }

  update(info: WorkerInfo): void {
    this.#info = info;
    this.#writes.ask();
  }

  onDrain(listener: (reason: string) => void): void {
    if (this.#drainReason === undefined) this.#listeners.push(listener);
    else listener(this.#drainReason);
  }

  close(): Promise<void> {
    this.#closing ??= this.#leave();
    return this.#closing;
  }

  async #write(): Promise<void> {
    const { workerId } = this.#info;
    const reason = (await this.#connection.run(ENTER, [workerId, JSON.stringify(this.#info)])) as string | null;
    if (reason === null || this.#drainReason !== undefined || this.#closing !== undefined) return;
    this.#drainReason = reason;
    for (const listener of this.#listeners.splice(0)) listener(reason);
  }

  async #leave(): Promise<void> {
    clearInterval(this.#timer);
    this.#feed.close();
    const leave = async () => {
      await this.#writes.close();
      await this.#connection.run(LEAVE_FLEET, [this.#info.workerId]);
    };
    await settledWithin(leave(), LEAVE_WITHIN_MS);
  }
}
