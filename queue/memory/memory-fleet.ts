import { EspalierError } from '../../common/index.js';
import type { WorkerInfo } from '../../proto/index.js';
import type { Fleet, FleetEntry } from '../board/fleet.js';
import { LocalFeed } from './local-feed.js';

/** Changes that come together are told once. */
const CHANGE_INTERVAL_MS = 100;

/** The workers of one process. */
export class MemoryFleet implements Fleet {
  readonly #entries = new Map<string, MemoryFleetEntry>();
  readonly #feed = new LocalFeed(CHANGE_INTERVAL_MS);

  /** Enters a worker, until the entry is closed. Throws `internal` for one that is there. */
  join(info: WorkerInfo): FleetEntry {
    const { workerId } = info;
    if (this.#entries.has(workerId)) {
      throw new EspalierError('internal', `worker ${workerId} is in the fleet already`);
    }
    const entry = new MemoryFleetEntry(info, () => {
      if (!entry.isOpen) this.#entries.delete(workerId);
      this.#feed.tell();
    });
    this.#entries.set(workerId, entry);
    this.#feed.tell();
    return entry;
  }

  async list(): Promise<readonly WorkerInfo[]> {
    return [...this.#entries.values()].map(({ info }) => info).sort((a, b) => (a.workerId < b.workerId ? -1 : 1));
  }

  async drain(workerId: string, reason: string): Promise<boolean> {
    const entry = this.#entries.get(workerId);
    entry?.drain(reason);
    return entry !== undefined;
  }

  onChange(listener: () => void): () => void {
    return this.#feed.listen(listener);
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.#feed.close();
  }
}

class MemoryFleetEntry implements FleetEntry {
  readonly #listeners: ((reason: string) => void)[] = [];
  readonly #onChange: () => void;
  #info: WorkerInfo;
  #isOpen = true;
  #drainReason: string | undefined;

  constructor(info: WorkerInfo, onChange: () => void) {
    this.#info = info;
    this.#onChange = onChange;
  }

  get info(): WorkerInfo {
    return this.#info;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  update(info: WorkerInfo): void {
    this.#info = info;
    this.#onChange();
  }

  onDrain(listener: (reason: string) => void): void {
    if (this.#drainReason === undefined) this.#listeners.push(listener);
    else listener(this.#drainReason);
  }

  drain(reason: string): void {
    if (this.#drainReason !== undefined) return;
    this.#drainReason = reason;
    for (const listener of this.#listeners.splice(0)) listener(reason);
  }

  async close(): Promise<void> {
    this.#isOpen = false;
    this.#onChange();
  }
}
