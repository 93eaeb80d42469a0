import { EspalierError } from '../common/index.js';
import type { MachineResources, Profile, ResourceClass } from '../proto/index.js';
import { requirementOf } from '../proto/index.js';
import { classesToTake, fits, freeOf, type Share, shareOf, threadsFor } from './packing.js';

/** A proof's right to cores and memory, until it gives them back. */
export interface Grant {
  readonly threads: number;
  release(): void;
}

/** One job's place on this machine. */
export interface Slot {
  /** Whether it was granted cores and memory: it holds them, or has given them back. */
  readonly granted: boolean;
  /** Waits its turn for cores and memory. Rejects with `cancelled` when `signal` aborts. */
  acquire(signal: AbortSignal): Promise<Grant>;
  /** Gives up the place, the grant included. Idempotent. */
  leave(): void;
}

interface Staged {
  readonly needed: Share;
  /** Set while the job waits in `acquire`. */
  start: ((grant: Grant) => void) | undefined;
  /** Set once the job was granted its part of the machine. */
  share: Share | undefined;
}

/**
 * Who has which part of the machine.
 *
 * A job is *staged* from `enter` on: it holds nothing, its inputs are read and its witness is made. In `acquire` it is
 * still staged, and *waiting*. It is *running* while it has a grant; the grant's `release` (or `leave`) ends its place.
 * Grants are given in the order of entering among those that wait, and none that fits is given past one that does not.
 */
export class Slots {
  readonly #machine: MachineResources;
  readonly #profile: Profile;
  readonly #prefetch: number;
  readonly #onChange: () => void;
  readonly #staged: Staged[] = [];
  readonly #running = new Set<Share>();

  /**
   * `prefetch`: jobs that may be taken while nothing fits them.
   * `onChange`: called when `classesToTake` may have another answer.
   */
  constructor(machine: MachineResources, profile: Profile, prefetch: number, onChange: () => void) {
    this.#machine = machine;
    this.#profile = profile;
    this.#prefetch = prefetch;
    this.#onChange = onChange;
  }

  classesToTake(offered: readonly ResourceClass[]): readonly ResourceClass[] {
    const staged = this.#staged.map((entry) => entry.needed);
    return classesToTake(this.#profile, offered, this.#free(), staged, this.#prefetch);
  }

  /** Jobs that are staged or running. */
  get size(): number {
    return this.#staged.length + this.#running.size;
  }

  enter(resourceClass: ResourceClass): Slot {
    const staged: Staged = {
      needed: shareOf(requirementOf(this.#profile, resourceClass)),
      start: undefined,
      share: undefined,
    };
    this.#staged.push(staged);
    return {
      get granted() {
        return staged.share !== undefined;
      },
      acquire: (signal) => this.#wait(staged, signal),
      leave: () => {
        if (this.#unstage(staged)) this.#grantAll();
        this.#release(staged.share);
      },
    };
  }

  #wait(staged: Staged, signal: AbortSignal): Promise<Grant> {
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        staged.start = undefined;
        reject(new EspalierError('cancelled', 'cancelled while waiting for cores and memory'));
      };
      if (signal.aborted) return onAbort();
      signal.addEventListener('abort', onAbort, { once: true });
      staged.start = (grant) => {
        signal.removeEventListener('abort', onAbort);
        resolve(grant);
      };
      // Not at once: a job that waits in the queue gets this moment to be staged, and then the cores are shared.
      setImmediate(() => this.#grantAll());
    });
  }

  /** Starts every waiting job that may start, in order, up to the first that does not fit. */
  #grantAll(): void {
    for (const staged of [...this.#staged]) {
      const { needed, start } = staged;
      if (start === undefined) continue;
      const free = this.#free();
      if (!fits(free, needed)) break;
      this.#unstage(staged);
      const others = this.#staged.map((entry) => entry.needed);
      const share: Share = { ...needed, cores: threadsFor(free, needed, others) };
      this.#running.add(share);
      staged.share = share;
      start({ threads: share.cores, release: () => this.#release(share) });
    }
    this.#onChange();
  }

  #release(share: Share | undefined): void {
    if (share !== undefined && this.#running.delete(share)) this.#grantAll();
  }

  #unstage(staged: Staged): boolean {
    const index = this.#staged.indexOf(staged);
    if (index >= 0) this.#staged.splice(index, 1);
    return index >= 0;
  }

  #free(): Share {
    return freeOf(this.#machine, this.#running);
  }
}
