import type { EspalierError } from '../../common/index.js';
import type { WorkerInfo } from '../../proto/index.js';
import type { Fleet } from '../../queue/index.js';
import { EmptyFleet } from './empty-fleet.js';

/** How often the fleet is looked at though it tells of no change: workers that died are not heard of. */
const LOOK_MS = 2_000;

/** Knows the living workers. */
export class FleetWatch {
  readonly #fleet: Pick<Fleet, 'list'>;
  readonly #empty: EmptyFleet;
  #workers: readonly WorkerInfo[] = [];
  #hasChanged = true;
  #lookedMs = 0;
  #hasLooked = false;

  /** `onFault` hears of jobs that no worker is there for, once a minute at most. */
  constructor(fleet: Pick<Fleet, 'list'>, onFault: (error: EspalierError) => void) {
    this.#fleet = fleet;
    this.#empty = new EmptyFleet(onFault);
  }

  /** As they were at the last look. */
  get workers(): readonly WorkerInfo[] {
    return this.#workers;
  }

  get hasLooked(): boolean {
    return this.#hasLooked;
  }

  /** The fleet says that something is different. */
  noteChange(): void {
    this.#hasChanged = true;
  }

  /** Asks the fleet if it is time to. Resolves with whether it did. `queued`: how many jobs should be in the queue. */
  async look(nowMs: number, queued: () => number): Promise<boolean> {
    if (!this.#hasChanged && nowMs - this.#lookedMs < LOOK_MS) return false;
    this.#hasChanged = false;
    this.#lookedMs = nowMs;
    this.#workers = await this.#fleet.list();
    this.#hasLooked = true;
    this.#empty.look(this.#workers.length, queued(), nowMs);
    return true;
  }
}
