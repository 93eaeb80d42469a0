import {
  countOfShares,
  fits,
  minusShare,
  type Profile,
  type ResourceClass,
  requirementOf,
  type Share,
  shareOf,
} from '../../proto/index.js';
import { classesOn, type MachineKind } from './machines.js';
import type { Task } from './task-lines.js';

/** A class that a machine takes. */
interface Offer {
  readonly resourceClass: ResourceClass;
  readonly needed: Share;
  /** How many more of it could begin. */
  room: number;
  /** Since when none could; undefined while one can. */
  lackedSinceMs: number | undefined;
}

/** What a machine of this kind takes, as it is while nothing runs on it. */
export function offersOf(profile: Profile, kind: MachineKind): readonly Readonly<Offer>[] {
  return classesOn(profile, kind).map((resourceClass) => {
    const needed = shareOf(requirementOf(profile, resourceClass));
    return { resourceClass, needed, room: countOfShares(kind.resources, needed), lackedSinceMs: undefined };
  });
}

/** One machine of a simulated fleet, with a worker that packs jobs as `worker/slots.ts` does. */
export class SimulatedMachine {
  readonly id: string;
  readonly kind: MachineKind;
  readonly offers: readonly Offer[];
  readonly joinedAtMs: number;
  /** *working*: takes jobs; *draining*: ends those it has; *gone*: has none. */
  state: 'working' | 'draining' | 'gone' = 'working';
  readonly running = new Set<Task>();
  /** Since when it runs nothing; undefined while it runs something. */
  idleSinceMs: number | undefined;
  /** A job that waits here for running ones to end: nothing is begun before it. */
  kept: Task | undefined;
  /** Cores that were held, times milliseconds. */
  heldCoreMs = 0;
  #free: Share;

  constructor(id: string, kind: MachineKind, offers: readonly Readonly<Offer>[], nowMs: number) {
    this.id = id;
    this.kind = kind;
    this.offers = offers.map((offer) => ({ ...offer }));
    this.joinedAtMs = nowMs;
    this.idleSinceMs = nowMs;
    this.#free = kind.resources;
  }

  /** How many more jobs of an offered class could begin, were there none of another. */
  idleOf({ room }: Offer): number {
    return this.state === 'working' && this.kept === undefined ? room : 0;
  }

  fits(task: Task): boolean {
    return fits(this.#free, task.needed);
  }

  start(task: Task, nowMs: number): void {
    task.state = 'running';
    task.startedAtMs = nowMs;
    task.machine = this;
    this.running.add(task);
    this.idleSinceMs = undefined;
    this.#setFree(minusShare(this.#free, task.needed), nowMs);
  }

  end(task: Task, nowMs: number): void {
    this.running.delete(task);
    if (this.running.size === 0) this.idleSinceMs = nowMs;
    const { cores, memoryBytes, gpus } = task.needed;
    this.heldCoreMs += cores * (nowMs - task.startedAtMs);
    const free = this.#free;
    this.#setFree(
      { cores: free.cores + cores, memoryBytes: free.memoryBytes + memoryBytes, gpus: free.gpus + gpus },
      nowMs,
    );
  }

  #setFree(free: Share, nowMs: number): void {
    this.#free = free;
    for (const offer of this.offers) {
      offer.room = countOfShares(free, offer.needed);
      if (offer.room > 0) offer.lackedSinceMs = undefined;
      else offer.lackedSinceMs ??= nowMs;
    }
  }
}
