import { RESOURCE_CLASSES, type ResourceClass } from '../../proto/index.js';
import { at } from '../plan/at.js';
import type { JobCircuit } from '../plan/child-params.js';
import { type ByClass, type FleetSlots, slotsOf } from './fleet-slots.js';
import { type ComingSlots, FlowGrid } from './flow-grid.js';

/** Alike jobs of one block, by the milliseconds that they take. */
export interface FlowGroup {
  readonly circuit: JobCircuit;
  readonly resourceClass: ResourceClass;
  readonly durationMs: number;
  /** Of one of them and all above it. */
  readonly pathMs: number;
  /** Those that are still to begin, and how many of them could. */
  readonly waiting: number;
  readonly ready: number;
  /** What is left of those that run, the shortest first. */
  readonly runningMs: Float64Array;
  /** Groups of children by their place in the block, in roles: each job waits for one of every role. */
  readonly roles: readonly (readonly number[])[];
}

/** What is left of a block. */
export interface FlowBlock {
  /** Children before parents, the longest way to the root first; the root's is the last. */
  readonly groups: readonly FlowGroup[];
  /** The part of its work that no older block does as well. */
  readonly ownShare: number;
}

export interface FlowOutcome {
  /** Milliseconds until the root is proven; infinite where it never is. */
  readonly rootMs: number;
  /** By class, jobs that become ready within `soonMs`. */
  readonly soon: ByClass;
}

/** What several blocks ask of a fleet in all. */
export interface FlowLoad {
  /** By class, what is left of all that runs, the shortest first. */
  readonly runningMs: ReadonlyMap<ResourceClass, Float64Array>;
  readonly workMs: ReadonlyMap<ResourceClass, number>;
  /** The longest chain. */
  readonly pathMs: number;
}

export function loadOf(blocks: readonly FlowBlock[]): FlowLoad {
  const running = new Map<ResourceClass, number[]>();
  const workMs = new Map<ResourceClass, number>();
  let pathMs = 0;
  for (const { groups } of blocks) {
    for (const group of groups) {
      const { resourceClass } = group;
      let leftMs = group.waiting * group.durationMs;
      const all = running.get(resourceClass) ?? [];
      for (const ms of group.runningMs) {
        leftMs += ms;
        all.push(ms);
      }
      running.set(resourceClass, all);
      workMs.set(resourceClass, (workMs.get(resourceClass) ?? 0) + leftMs);
      pathMs = Math.max(pathMs, group.pathMs);
    }
  }
  const sorted = [...running].map(([name, all]) => [name, Float64Array.from(all).sort()] as const);
  return { runningMs: new Map(sorted), workMs, pathMs };
}

/** By class, slots on workers that are not there yet, and take that class only. */
export type ComingByClass = Readonly<Partial<Record<ResourceClass, readonly ComingSlots[]>>>;

export interface FlowOptions {
  readonly detail: 'fine' | 'coarse';
  /** Up to when jobs count as ready soon; none where it is left out. */
  readonly soonMs?: ByClass;
  readonly coming?: ComingByClass;
}

interface GroupFlow {
  readonly left: number;
  /** How many are done at each point of the grid. */
  readonly done: Float64Array;
  /** When the last of them is. */
  readonly endMs: number;
}

/**
 * How blocks flow through a fleet: jobs as a fluid, group by group in the order in which the queue serves them, from what
 * each class of worker has left to give. A group's inflow is the outflow of its children's; a job takes its time however
 * many slots are free. So it costs some thousand operations a group, however many jobs that is.
 *
 * The end of a group is no sooner than its last child's end plus one job, and no sooner than its class has got round to
 * all of it. Compared with the scheduler in the simulator see `forecast.ts`.
 */
export class Flow {
  readonly #grid: FlowGrid;
  readonly #slots: FleetSlots;
  readonly #soonMs: ByClass;
  readonly #coming: ComingByClass;
  /** By class, milliseconds of slots that are in use until each point. */
  readonly #used = new Map<ResourceClass, Float64Array>();
  /** What nobody has taken: by class, and of the machines that take several. */
  readonly #own = new Map<ResourceClass, Float64Array>();
  readonly #shared: Float64Array;

  /** `load`: of all the blocks that will be added. What runs keeps its slot until it ends. */
  constructor(load: FlowLoad, slots: FleetSlots, { detail, soonMs = {}, coming = {} }: FlowOptions) {
    this.#slots = slots;
    this.#soonMs = soonMs;
    this.#coming = coming;
    this.#grid = new FlowGrid(this.#horizonMs(load), detail);
    const sharedTaken = new Float64Array(this.#grid.points);
    for (const resourceClass of RESOURCE_CLASSES) {
      const running = load.runningMs.get(resourceClass) ?? NONE;
      const [own, shared] = [slots.own[resourceClass] ?? 0, slots.shared[resourceClass] ?? 0];
      const taken = this.#grid.takenBy(running);
      // Whose slots they are is not known: those of their own class, and what is more of the shared machines.
      const ownShare = running.length > own && shared > 0 ? own / running.length : 1;
      for (let i = 0; i < taken.length; i++) {
        if (shared > 0) sharedTaken[i] = at(sharedTaken, i) + (at(taken, i) * (1 - ownShare)) / shared;
        taken[i] = at(taken, i) * ownShare;
      }
      this.#used.set(resourceClass, taken.slice());
      this.#own.set(resourceClass, this.#grid.freeOf(own, taken, coming[resourceClass]));
    }
    const isShared = Object.values(slots.shared).some((count) => count > 0);
    this.#shared = this.#grid.freeOf(isShared ? 1 : 0, sharedTaken);
  }

  /** Lets a block flow through what those before it have left. */
  add({ groups, ownShare }: FlowBlock): FlowOutcome {
    const flows: GroupFlow[] = [];
    const soon: Partial<Record<ResourceClass, number>> = {};
    for (const group of groups) {
      const { resourceClass, waiting, ready } = group;
      const arrivals = this.#arrivals(group, flows);
      const soonMs = this.#soonMs[resourceClass];
      if (waiting > ready && soonMs !== undefined) {
        soon[resourceClass] = (soon[resourceClass] ?? 0) + this.#grid.valueAt(arrivals.counts, soonMs) - ready;
      }
      flows.push(this.#serve(group, arrivals, ownShare));
    }
    return { rootMs: flows.at(-1)?.endMs ?? 0, soon };
  }

  /** The most slots of a class that the blocks added so far keep busy at once until `untilMs`. */
  peakUse(resourceClass: ResourceClass, untilMs: number): number {
    return this.#grid.peakUse(this.#used.get(resourceClass) ?? NONE, untilMs);
  }

  /** How many of a group's waiting jobs could have begun by each point, and when the last one can. */
  #arrivals(group: FlowGroup, flows: readonly GroupFlow[]): { readonly counts: Float64Array; readonly lastMs: number } {
    const { waiting, ready, roles } = group;
    const counts = new Float64Array(this.#grid.points).fill(1);
    let lastMs = 0;
    if (waiting > ready) {
      for (const role of roles) {
        const children = role.map((index) => at(flows, index)).filter(({ left }) => left > 0);
        const left = children.reduce((sum, child) => sum + child.left, 0);
        if (left === 0) continue;
        lastMs = children.reduce((last, { endMs }) => Math.max(last, endMs), lastMs);
        this.#grid.limit(
          counts,
          children.map(({ done }) => done),
          left,
        );
      }
    }
    return { counts: counts.map((share) => ready + (waiting - ready) * share), lastMs };
  }

  #serve(
    group: FlowGroup,
    arrivals: { readonly counts: Float64Array; readonly lastMs: number },
    ownShare: number,
  ): GroupFlow {
    const { resourceClass, durationMs, waiting, runningMs } = group;
    const left = waiting + runningMs.length;
    const workMs = durationMs * ownShare;
    let endMs = runningMs.at(-1) ?? 0;
    const own = this.#own.get(resourceClass) ?? new Float64Array(this.#grid.points);
    const sharedSlots = this.#slots.shared[resourceClass] ?? 0;
    const served = this.#grid.serve({ own, shared: this.#shared, sharedSlots }, arrivals.counts, workMs);
    const used = this.#used.get(resourceClass);
    if (used !== undefined) for (let i = 0; i < used.length; i++) used[i] = at(used, i) + at(served.served, i);
    if (waiting > 0) {
      const slots = this.#slotsAtLast(resourceClass);
      const roundMs = this.#grid.whenServed(served, arrivals.lastMs, waiting * workMs, slots);
      endMs = Math.max(endMs, arrivals.lastMs + durationMs, slots > 0 ? roundMs : Number.POSITIVE_INFINITY);
    }
    const done = this.#grid.doneOf({
      arrivals: arrivals.counts,
      ...served,
      workMs,
      durationMs,
      runningMs,
      endMs,
      left,
    });
    return { left, done, endMs };
  }

  /** With all that is coming. */
  #slotsAtLast(resourceClass: ResourceClass): number {
    const coming = this.#coming[resourceClass] ?? [];
    return coming.reduce((sum, { slots }) => sum + slots, slotsOf(this.#slots, resourceClass));
  }

  /** No block takes longer: until all slots are there, then all the work of each class in turn, and the longest chain. */
  #horizonMs({ workMs, pathMs }: FlowLoad): number {
    let sumMs = pathMs;
    for (const coming of Object.values(this.#coming)) {
      for (const { inMs } of coming) sumMs = Math.max(sumMs, pathMs + inMs);
    }
    for (const [resourceClass, ms] of workMs) {
      const count = this.#slotsAtLast(resourceClass);
      if (count > 0) sumMs += ms / count;
    }
    return Math.max(1, sumMs);
  }
}

const NONE = new Float64Array(0);
