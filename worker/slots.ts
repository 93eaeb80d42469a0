import { EspalierError } from '../common/index.js';
import {
  countThatFit,
  fits,
  type MachineResources,
  type Profile,
  type ResourceClass,
  requirementOf,
  type Share,
  shareOf,
} from '../proto/index.js';
import { Asking, type Request } from './asking.js';
import { freeOf, roomOf, takeable, threadsFor } from './packing.js';

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

export interface SlotsOptions {
  readonly machine: MachineResources;
  readonly profile: Profile;
  /** Classes of jobs to take. */
  readonly offered: readonly ResourceClass[];
  /** Jobs that may be taken while nothing fits them. */
  readonly prefetch: number;
  /** A class that does not fit beside what runs is asked for all the same when it was not for so long. */
  readonly patienceMs: number;
  /** Cores are kept free for a job that waits for so long; longer only where that was too short, see `Slots`. */
  readonly reservationMaxMs: number;
  /** Milliseconds from any fixed start, not going back. */
  readonly nowMs: () => number;
  /** Called when `request` or `idle` may have another answer. */
  readonly onChange: () => void;
}

/** Time to take several jobs from a queue, and next to nothing beside a proof. */
const GATHER_MS = 10;

interface Staged {
  readonly resourceClass: ResourceClass;
  readonly needed: Share;
  readonly giveBack: () => void;
  /** Set while the job waits in `acquire`. */
  start: ((grant: Grant) => void) | undefined;
  /** Set once the job was granted its part of the machine. */
  share: Share | undefined;
}

/**
 * Who has which part of the machine, and what to ask the queue for.
 *
 * A job is *staged* from `enter` on: it holds nothing, its inputs are read and its witness is made. In `acquire` it is
 * still staged, and *waiting*. It is *running* while it has a grant; the grant's `release` (or `leave`) ends its place.
 * Grants are given in the order of entering among those that wait, and none that fits is given past one that does not.
 *
 * When a proof ends and leaves room for more than the jobs that wait, no grant is given for `GATHER_MS`, or until enough
 * jobs were taken from the queue: they share the cores. Else one job that was alone, and has all of them, would be
 * followed by another such for as long as there are jobs.
 *
 * Room is *kept* for the first staged job that does not fit while something that this worker offers would. That ends
 * when the job has its grant or has left, or after `reservationMaxMs`: then the job is given back, for a worker that has
 * room, and its class is not asked for in the next `patienceMs`. Where proofs take longer than that, every job that
 * waits for them would be given back; so the time is doubled each time until one gets its grant. No proof takes longer
 * than the profile's time limit, and so cores never idle longer for a job.
 */
export class Slots {
  readonly #options: SlotsOptions;
  readonly #asking: Asking;
  readonly #timeLimitMs: number;
  readonly #staged: Staged[] = [];
  readonly #running = new Set<Share>();
  #kept: { readonly for: Staged; readonly sinceMs: number } | undefined;
  /** No grant is given until then; undefined while there is nothing to gather jobs for. */
  #gatherUntilMs: number | undefined;
  /** Jobs that room was kept for in vain since one got its grant. */
  #givenBack = 0;

  constructor(options: SlotsOptions) {
    this.#options = options;
    this.#asking = new Asking(options.patienceMs);
    this.#timeLimitMs = Math.max(...options.offered.map((name) => options.profile.timeoutMs[name]));
  }

  /** What to ask the queue for now. Whatever time has brought about since is done first: call it at `untilMs`. */
  request(): Request {
    const { profile, offered, prefetch, nowMs } = this.#options;
    if (nowMs() >= this.#keptUntilMs()) this.#giveBack();
    if (this.#gatherUntilMs !== undefined && !this.#gathers()) this.#grantAll();
    const request = this.#asking.request(nowMs(), takeable(profile, offered, this.#room(), prefetch));
    const { untilMs } = request;
    return { ...request, untilMs: Math.min(untilMs, this.#keptUntilMs(), this.#gatherUntilMs ?? untilMs) };
  }

  /** Whoever made a request tells when the queue has answered it with a job, or is not asked any longer. */
  ended(request: Request, found: boolean): void {
    this.#asking.ended(request, found, this.#options.nowMs());
  }

  /** How many more proofs of a class could begin at once, were there jobs of no other. */
  idle(resourceClass: ResourceClass): number {
    const { left, waiting } = this.#room();
    return waiting.length > 0 ? 0 : countThatFit(this.#options.profile, resourceClass, left);
  }

  /** Jobs that are staged or running. */
  get size(): number {
    return this.#staged.length + this.#running.size;
  }

  /** `giveBack` is called, at most once, when the job shall leave because it has waited in vain. */
  enter(resourceClass: ResourceClass, giveBack: () => void = () => {}): Slot {
    const staged: Staged = {
      resourceClass,
      needed: shareOf(requirementOf(this.#options.profile, resourceClass)),
      giveBack,
      start: undefined,
      share: undefined,
    };
    this.#staged.push(staged);
    this.#keepRoom();
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
    if (!this.#gathers()) this.#grantInOrder();
    this.#keepRoom();
    this.#options.onChange();
  }

  #grantInOrder(): void {
    for (const staged of [...this.#staged]) {
      const { needed, start } = staged;
      if (start === undefined) continue;
      const free = this.#free();
      if (!fits(free, needed)) break;
      this.#unstage(staged);
      if (this.#kept?.for === staged) this.#givenBack = 0;
      const others = this.#staged.map((entry) => entry.needed);
      const share: Share = { ...needed, cores: threadsFor(free, needed, others) };
      this.#running.add(share);
      staged.share = share;
      start({ threads: share.cores, release: () => this.#release(share) });
    }
  }

  #release(share: Share | undefined): void {
    if (share === undefined || !this.#running.delete(share)) return;
    if (this.#staged.some(({ start }) => start !== undefined)) {
      this.#gatherUntilMs ??= this.#options.nowMs() + GATHER_MS;
    }
    this.#grantAll();
  }

  /** Whether grants are held back because other jobs could share the cores. */
  #gathers(): boolean {
    const untilMs = this.#gatherUntilMs;
    if (untilMs !== undefined && this.#options.nowMs() < untilMs && this.#fitsMore()) return true;
    this.#gatherUntilMs = undefined;
    return false;
  }

  #fitsMore(): boolean {
    return this.#options.offered.some((name) => this.idle(name) > 0);
  }

  #unstage(staged: Staged): boolean {
    const index = this.#staged.indexOf(staged);
    if (index >= 0) this.#staged.splice(index, 1);
    return index >= 0;
  }

  /** Notes for which job room is kept, and since when. */
  #keepRoom(): void {
    const { left, waiting } = this.#room();
    const { profile, offered, nowMs } = this.#options;
    const idles = waiting.length > 0 && offered.some((name) => countThatFit(profile, name, left) > 0);
    const first = this.#staged.find((entry) => entry.needed === waiting[0]);
    if (first === undefined || !idles) this.#kept = undefined;
    else if (this.#kept?.for !== first) this.#kept = { for: first, sinceMs: nowMs() };
  }

  #keptUntilMs(): number {
    if (this.#kept === undefined) return Number.POSITIVE_INFINITY;
    const { reservationMaxMs } = this.#options;
    const keptMs = Math.min(reservationMaxMs * 2 ** this.#givenBack, this.#timeLimitMs);
    return this.#kept.sinceMs + Math.max(reservationMaxMs, keptMs);
  }

  #giveBack(): void {
    const staged = this.#kept?.for;
    if (staged === undefined) return;
    this.#givenBack += 1;
    this.#unstage(staged);
    this.#asking.gaveBack(staged.resourceClass, this.#options.nowMs());
    staged.giveBack();
    this.#grantAll();
  }

  #room() {
    return roomOf(
      this.#free(),
      this.#staged.map((entry) => entry.needed),
    );
  }

  #free(): Share {
    return freeOf(this.#options.machine, this.#running);
  }
}
