import { RESOURCE_CLASSES, type ResourceClass } from '../../proto/index.js';
import type { ByClass } from './fleet-slots.js';
import { type ComingByClass, Flow, type FlowBlock, loadOf } from './flow.js';
import type { ComingSlots } from './flow-grid.js';

/** Workers of one class that something else starts and stops, and what it says of them. */
export interface PoolSpec {
  readonly resourceClass: ResourceClass;
  /** From asking for a worker until it takes jobs. */
  readonly podStartMs: number;
  /** Jobs of the class that one worker runs at a time. */
  readonly slotsPerWorker: number;
  readonly workersMax: number;
}

/** The living workers of a pool. */
export interface PoolWorkers {
  /** Those that take jobs. */
  readonly workers: number;
  /** Those that have a job, or had one a moment ago (`BUSY_HOLD_MS`). */
  readonly busy: number;
  /** What they prove at once of each class that they take, if they prove no others. */
  readonly slots: ByClass;
}

export interface DemandBlock {
  readonly block: FlowBlock;
  /** Milliseconds from now; null: none. */
  readonly deadlineMs: number | null;
}

export interface DemandView {
  /** Of any clock that does not go back. */
  readonly nowMs: number;
  /** The open blocks, oldest first. */
  readonly blocks: readonly DemandBlock[];
  /** What is left out has no workers. */
  readonly pools: Readonly<Partial<Record<ResourceClass, PoolWorkers>>>;
}

/** How many workers there should be, and why. */
export interface Wanted {
  readonly workers: number;
  readonly busy: number;
  /** Jobs of the class: those that run, that wait, and that become ready within a pod's start time. */
  readonly running: number;
  readonly queued: number;
  readonly soon: number;
  /** More workers than these bring no block to its end in time that would be late, and no late one there sooner. */
  readonly useful: number;
}

/** A block that will be late is not waited for any longer than by this share of the time until its root. */
const LATE_SHARE = 0.02;
/** Of the time to a deadline, what is left as a reserve: forecasts are off by as much, and pods start late. */
const RESERVE_SHARE = 0.1;
/** Workers that were asked for and are late are expected in so much of a pod's start time; after twice it they are not. */
const OVERDUE_SHARE = 0.2;
/** The number is found to within this share of it. */
const TOLERANCE = 0.02;
/** A smaller number is not asked for unless it is smaller by this share. */
const DEAD_BAND = 0.05;
/** Blocks that are looked at closely, the oldest ones: of all others every job that waits is to be proven at once. */
const BLOCKS_MAX = 8;
/** What was asked for is forgotten when nobody asks about the class for so long. */
const FORGET_MS = 600_000;
const STEPS_MAX = 32;
const UNLIMITED = 1e6;
const NO_WORKERS: PoolWorkers = { workers: 0, busy: 0, slots: {} };

/** So many workers were asked for, and since when. */
interface Step {
  readonly workers: number;
  readonly sinceMs: number;
}

interface PoolState {
  readonly spec: PoolSpec;
  readonly askedMs: number;
  readonly wanted: number;
  /** Larger and later, one after another: how long ago each worker was asked for. */
  readonly steps: readonly Step[];
}

/**
 * How many workers of a class there should be, so that each block is proven by its deadline and no worker is there for
 * nothing. Pure but for what it remembers of its own answers.
 *
 * **Useful.** All open blocks flow through the fleet (`Flow`): the workers there are, those asked for as their start time
 * passes, the other classes as large as they may get. The fewest workers are useful with which every block is in time, or
 * as soon as with all that are allowed where that is late. Of the time to spare each class takes its part, so that all of
 * them together are in time. Blocks without a deadline are late from the beginning.
 *
 * **Wanted.** Of the useful ones, as many as jobs keep busy at any moment within a pod's start time, and no more than jobs
 * run, wait, or become ready until then. So workers are asked for as long before their jobs are ready as they take to
 * start. A worker that was asked for stays wanted while there is a job for it within twice that time: to stop it and start
 * another one would cost as much, and the count does not flap from level to level.
 *
 * Never fewer than have a job. None where no job is left for the class, and none is to come.
 *
 * An answer takes 5 to 20 ms, however many blocks there are and however large. Closed loops in the simulator, and what scaling by the
 * queue's length does instead: `benchmarks/scopes/scaling.ts`.
 */
export class DemandModel {
  readonly #pools = new Map<ResourceClass, PoolState>();

  wanted(spec: PoolSpec, view: DemandView): Wanted {
    const { resourceClass } = spec;
    for (const [name, { askedMs }] of this.#pools) if (view.nowMs - askedMs > FORGET_MS) this.#pools.delete(name);
    const before = this.#pools.get(resourceClass);
    const steps = (before?.steps ?? []).filter(({ workers }) => workers > (view.pools[resourceClass]?.workers ?? 0));
    this.#pools.set(resourceClass, { wanted: 0, ...before, steps, spec, askedMs: view.nowMs });
    const found = this.#find(spec, view, before?.wanted ?? 0);
    this.#pools.set(resourceClass, {
      spec,
      askedMs: view.nowMs,
      wanted: found.workers,
      steps: withStep(steps, found.workers, view.nowMs),
    });
    return found;
  }

  #find(spec: PoolSpec, view: DemandView, before: number): Wanted {
    const { resourceClass, podStartMs, workersMax } = spec;
    const pool = view.pools[resourceClass] ?? NO_WORKERS;
    const jobs = jobsOf(view.blocks, resourceClass);
    if (jobs.all === 0) return { workers: pool.busy, busy: pool.busy, running: 0, queued: 0, soon: 0, useful: 0 };
    const sizing = new Sizing(spec, view, this.#pools);
    const useful = sizing.useful(Math.min(workersMax, Math.ceil(jobs.all / sizing.slotsEach)));
    const soon = sizing.needed(useful, podStartMs);
    const kept = Math.min(before, sizing.needed(useful, 2 * podStartMs).workers);
    const rest = jobsOf(view.blocks.slice(BLOCKS_MAX), resourceClass);
    const more = Math.ceil((rest.queued + rest.running) / sizing.slotsEach);
    const target = Math.min(workersMax, Math.max(soon.workers, kept) + more);
    const isClose = target > 0 && target < before && before - target <= before * DEAD_BAND;
    const workers = Math.max(pool.busy, isClose ? Math.min(before, workersMax) : target);
    return { workers, busy: pool.busy, running: jobs.running, queued: jobs.queued, soon: soon.jobs, useful };
  }
}

/** One look at one class. */
class Sizing {
  /** Jobs that one worker of the pool proves at once: as the living ones say, else as was said of the pool. */
  readonly slotsEach: number;
  readonly #spec: PoolSpec;
  readonly #view: DemandView;
  readonly #pools: ReadonlyMap<ResourceClass, PoolState>;
  readonly #blocks: readonly FlowBlock[];
  readonly #pool: PoolWorkers;
  /** Jobs of the class that workers of other pools prove at once, beside those of their own class. */
  readonly #elsewhere: number;

  constructor(spec: PoolSpec, view: DemandView, pools: ReadonlyMap<ResourceClass, PoolState>) {
    this.#spec = spec;
    this.#view = view;
    this.#pools = pools;
    this.#blocks = view.blocks.slice(0, BLOCKS_MAX).map(({ block }) => block);
    const { resourceClass } = spec;
    this.#pool = view.pools[resourceClass] ?? NO_WORKERS;
    const { workers, slots } = this.#pool;
    const own = slots[resourceClass] ?? 0;
    this.slotsEach = workers > 0 && own > 0 ? own / workers : spec.slotsPerWorker;
    this.#elsewhere = others(resourceClass).reduce((sum, name) => sum + this.#spareOf(name), 0);
  }

  /** Of the workers of another pool that take this class too, the part that its own class has no jobs for. */
  #spareOf(name: ResourceClass): number {
    const { slots } = this.#view.pools[name] ?? NO_WORKERS;
    const [side, own] = [slots[this.#spec.resourceClass] ?? 0, slots[name] ?? 0];
    if (side === 0 || own === 0) return side;
    const { running, queued } = jobsOf(this.#view.blocks, name);
    return side * Math.max(0, 1 - (running + queued) / own);
  }

  /** The fewest workers with which no block is later than it must be; `most`: as many as could be. */
  useful(most: number): number {
    const limitsMs = this.#limitsMs(this.#roots(most));
    const isEnough = (workers: number) => {
      const roots = this.#roots(workers);
      return limitsMs.every((limitMs, i) => (roots[i] ?? 0) <= limitMs);
    };
    let [tooFew, enough] = [0, most];
    while (enough - tooFew > Math.max(1, enough * TOLERANCE)) {
      const middle = Math.ceil((tooFew + enough) / 2);
      if (isEnough(middle)) enough = middle;
      else tooFew = middle;
    }
    return enough;
  }

  /** How many of so many workers have something to do at once until `untilMs`, were they there now; and the jobs to come. */
  needed(useful: number, untilMs: number): { readonly workers: number; readonly jobs: number } {
    const { resourceClass } = this.#spec;
    const flow = this.#flow(useful * this.slotsEach, [], 'wanted', untilMs);
    let soon = 0;
    for (const block of this.#blocks) soon += (flow.add(block).soon[resourceClass] ?? 0) * block.ownShare;
    const { running, queued } = jobsOf(this.#view.blocks.slice(0, BLOCKS_MAX), resourceClass);
    const slots = Math.min(running + queued + soon, flow.peakUse(resourceClass, untilMs)) - this.#elsewhere;
    // A share of a job, as the flow has it, is no reason for another worker.
    const workers = Math.ceil(Math.max(0, slots) / this.slotsEach - 0.05);
    return { workers: Math.min(useful, workers), jobs: Math.round(soon) };
  }

  /** When each block's root lands with so many workers, asked for now, and the other pools as large as they may get. */
  #roots(workers: number): readonly number[] {
    const { resourceClass, podStartMs } = this.#spec;
    const there = Math.min(workers, this.#pool.workers);
    const coming = this.#coming(this.#pool.workers, workers, podStartMs, this.#pools.get(resourceClass));
    const slots = coming.map((some) => ({ ...some, slots: some.slots * this.slotsEach }));
    const flow = this.#flow(there * this.slotsEach, slots, 'workersMax');
    return this.#blocks.map((block) => flow.add(block).rootMs);
  }

  /** `slots` and `coming`: of this pool. `upTo`: how large the others get. */
  #flow(slots: number, coming: readonly ComingSlots[], upTo: 'wanted' | 'workersMax', soonMs?: number): Flow {
    const { resourceClass } = this.#spec;
    const own: Partial<Record<ResourceClass, number>> = { [resourceClass]: slots + this.#elsewhere };
    let all: ComingByClass = { [resourceClass]: coming };
    for (const name of others(resourceClass)) {
      own[name] = this.#view.pools[name]?.slots[name] ?? 0;
      all = { ...all, ...this.#comingOf(name, upTo) };
    }
    const soon = soonMs === undefined ? {} : { soonMs: { [resourceClass]: soonMs } };
    return new Flow(loadOf(this.#blocks), { own, shared: {}, workers: {} }, { detail: 'coarse', coming: all, ...soon });
  }

  /** Until when each block's root is to land, where `bestMs` is the soonest that it can. */
  #limitsMs(bestMs: readonly number[]): readonly number[] {
    const classes = new Set(this.#blocks.flatMap(({ groups }) => groups.map((group) => group.resourceClass)));
    return bestMs.map((best, i) => {
      if (!Number.isFinite(best)) return best;
      const deadlineMs = this.#view.blocks[i]?.deadlineMs;
      const spareMs = deadlineMs == null ? 0 : (deadlineMs * (1 - RESERVE_SHARE) - best) / classes.size;
      return best + Math.max(best * LATE_SHARE, spareMs);
    });
  }

  /** What is to come of another pool: what was asked for by now, or as many as there may be. */
  #comingOf(name: ResourceClass, upTo: 'wanted' | 'workersMax'): ComingByClass {
    const state = this.#pools.get(name);
    const there = this.#view.pools[name]?.workers ?? 0;
    if (state === undefined) return there > 0 ? {} : { [name]: [{ slots: UNLIMITED, inMs: 0 }] };
    const workers = upTo === 'wanted' ? state.wanted : state.spec.workersMax;
    const coming = this.#coming(there, workers, state.spec.podStartMs, state);
    return { [name]: coming.map((some) => ({ ...some, slots: some.slots * state.spec.slotsPerWorker })) };
  }

  /** Workers beyond those that are there, up to `workers`: when those asked for already come, and then the others. */
  #coming(there: number, workers: number, podStartMs: number, state: PoolState | undefined): readonly ComingSlots[] {
    const coming: ComingSlots[] = [];
    let counted = there;
    for (const step of state?.steps ?? []) {
      const upTo = Math.min(step.workers, workers);
      if (upTo <= counted) continue;
      coming.push({ slots: upTo - counted, inMs: this.#arrivalMs(step, podStartMs) });
      counted = upTo;
    }
    if (workers > counted) coming.push({ slots: workers - counted, inMs: podStartMs });
    return coming;
  }

  #arrivalMs({ sinceMs }: Step, podStartMs: number): number {
    const leftMs = podStartMs - (this.#view.nowMs - sinceMs);
    return leftMs < -podStartMs ? podStartMs : Math.max(leftMs, podStartMs * OVERDUE_SHARE);
  }
}

function others(resourceClass: ResourceClass): readonly ResourceClass[] {
  return RESOURCE_CLASSES.filter((name) => name !== resourceClass);
}

/** Jobs of a class; what several blocks share counts for the oldest. */
function jobsOf(blocks: readonly DemandBlock[], resourceClass: ResourceClass) {
  let [running, queued, all] = [0, 0, 0];
  for (const { block } of blocks) {
    for (const group of block.groups) {
      if (group.resourceClass !== resourceClass) continue;
      running += group.runningMs.length * block.ownShare;
      queued += group.ready * block.ownShare;
      all += (group.waiting + group.runningMs.length) * block.ownShare;
    }
  }
  return { running: Math.round(running), queued: Math.round(queued), all: Math.ceil(all) };
}

/** Workers that are not wanted any more were not asked for. */
function withStep(steps: readonly Step[], workers: number, sinceMs: number): readonly Step[] {
  const kept = steps.filter((step) => step.workers < workers);
  const covering = steps.find((step) => step.workers >= workers);
  const next = [...kept, { workers, sinceMs: covering?.sinceMs ?? sinceMs }];
  // The first two become one, as late as the later.
  if (next.length > STEPS_MAX) next.splice(0, 1);
  return next;
}
