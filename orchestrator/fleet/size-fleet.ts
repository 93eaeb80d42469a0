import type { Profile } from '../../proto/index.js';
import { resourceClassOf } from '../../proto/index.js';
import type { ProofTree } from '../plan/index.js';
import { JOB_CIRCUITS } from '../schedule/index.js';
import { classesOn, type MachineCount, type MachineKind, slotsFor } from './machines.js';
import { ProofFates } from './proof-fates.js';
import type { ProofTimes } from './proof-times.js';
import { type BlockRun, simulateBlock } from './simulate-block.js';
import { Workload } from './workload.js';

/** A kind of machine to rent, and what one of it counts: its price, or its cores where there is none. */
export interface RentedKind {
  readonly kind: MachineKind;
  readonly weight: number;
}

export interface FleetSearch {
  readonly tree: ProofTree;
  readonly profile: Profile;
  readonly times: ProofTimes;
  /** The block is to be proven in so much time ... */
  readonly windowMs: number;
  /** ... with so many of these seeds. */
  readonly seeds: readonly number[];
  readonly neededRuns: number;
  readonly kinds: readonly RentedKind[];
  readonly signal?: AbortSignal;
  /** Hears of each fleet that is tried. */
  readonly onTrial?: (machines: readonly MachineCount[]) => void;
}

export type FleetSize =
  /** `runs`: of that fleet, in the order of the seeds. */
  | { readonly found: true; readonly machines: readonly MachineCount[]; readonly runs: readonly BlockRun[] }
  /** Not even `machines` do it, of which there are as many as could ever have something to do. */
  | { readonly found: false; readonly machines: readonly MachineCount[]; readonly runs: readonly BlockRun[] };

/** A count is found to within this share of itself. */
const COUNT_TOLERANCE = 0.01;
/** Steps up from what could do at best, until a fleet does. */
const GROWTH = [1, 1.02, 1.06, 1.15, 1.35, 1.8, 2.5, 4, 8] as const;
/** More of one kind may spare more of the others: so many times the fewest are tried. */
const TRADES = [1.05, 1.2, 1.5, 2, 3] as const;

type Counts = readonly number[];

/**
 * Resolves with the cheapest fleet it finds, to within `COUNT_TOLERANCE`, that proves a block in the window.
 *
 * First each kind in turn, the dearest first, is brought down to what is needed while there is more than enough of those
 * after it. Then more of one kind is tried where it may spare more of the others. Fleets that lower bounds rule out
 * (`Workload.tailBoundMs`) cost no simulation, and a simulation ends with the window. Rejects with the signal's reason.
 */
export async function sizeFleet(search: FleetSearch): Promise<FleetSize> {
  const trials = new Trials(search);
  const most = search.kinds.map(({ kind }) => mostUseful(search, kind));
  if (!(await trials.does(most))) {
    return { found: false, machines: trials.machines(most), runs: await trials.runs(most) };
  }
  let best: Counts = most;
  for (const i of dearestFirst(search.kinds)) best = await fewest(trials, best, i);
  for (const i of dearestFirst(search.kinds)) best = await trade(trials, best, i, most);
  return { found: true, machines: trials.machines(best), runs: await trials.runs(best) };
}

/** `counts`, which do, with as few of kind `i` as do too. */
async function fewest(trials: Trials, counts: Counts, i: number): Promise<Counts> {
  const withCount = (count: number) => counts.map((other, j) => (j === i ? count : other));
  const most = counts[i] ?? 0;
  let tooFew = -1;
  let enough = most;
  // What lower bounds allow.
  while (enough - tooFew > 1) {
    const middle = (tooFew + enough) >> 1;
    if (trials.isPossible(withCount(middle))) enough = middle;
    else tooFew = middle;
  }
  const start = enough;
  enough = most;
  for (const factor of GROWTH) {
    const count = Math.ceil(start * factor) + (factor > 1 ? 1 : 0);
    if (count >= most) break;
    if (await trials.does(withCount(count))) {
      enough = count;
      break;
    }
    tooFew = count;
  }
  while (enough - tooFew > Math.max(1, Math.floor(enough * COUNT_TOLERANCE))) {
    const middle = (tooFew + enough) >> 1;
    if (await trials.does(withCount(middle))) enough = middle;
    else tooFew = middle;
  }
  return withCount(enough);
}

/** Tries more of kind `i` and fewer of each other; returns what is cheaper, if anything is. */
async function trade(trials: Trials, counts: Counts, i: number, most: Counts): Promise<Counts> {
  let best = counts;
  const fromCount = counts[i] ?? 0;
  for (const factor of TRADES) {
    const count = Math.min(most[i] ?? 0, Math.ceil(Math.max(1, fromCount) * factor));
    if (count <= fromCount) continue;
    for (let other = 0; other < counts.length; other++) {
      if (other === i) continue;
      const without = counts.map((known, j) => (j === i ? count : j === other ? 0 : known));
      const left = trials.weight(best) * (1 - COUNT_TOLERANCE) - trials.weight(without);
      const affordable = Math.min(counts[other] ?? 0, Math.floor(left / trials.weightOf(other)));
      if (affordable < 0) continue;
      const traded = without.map((known, j) => (j === other ? affordable : known));
      if (await trials.does(traded)) best = await fewest(trials, traded, other);
    }
  }
  return best;
}

function dearestFirst(kinds: readonly RentedKind[]): readonly number[] {
  return kinds.map((_, i) => i).sort((a, b) => (kinds[b]?.weight ?? 0) - (kinds[a]?.weight ?? 0));
}

/** So many of a kind that more of them would never have a job, whatever the others do. */
function mostUseful({ tree, profile }: FleetSearch, kind: MachineKind): number {
  const needed = classesOn(profile, kind).map((resourceClass) => {
    const circuits = JOB_CIRCUITS.filter((circuit) => resourceClassOf(profile, circuit) === resourceClass);
    // Of all other circuits no more than one a transaction can be proven at a time.
    const calls = circuits.includes('public-vm') ? tree.calls : 0;
    const others = circuits.some((circuit) => circuit !== 'public-vm') ? tree.transactions : 0;
    return Math.ceil((calls + others) / slotsFor(profile, [{ kind, count: 1 }], resourceClass));
  });
  return Math.max(0, ...needed);
}

/** What is known of the fleets that were tried. */
class Trials {
  readonly #search: FleetSearch;
  readonly #workloads: readonly Workload[];
  readonly #known = new Map<string, boolean>();
  /** The seeds, those with which a fleet failed last first: a fleet that fails is the sooner known to. */
  #seeds: readonly number[];

  constructor(search: FleetSearch) {
    this.#search = search;
    this.#seeds = search.seeds;
    this.#workloads = search.seeds.map((seed) => usualWorkload(search, seed));
  }

  machines(counts: Counts): readonly MachineCount[] {
    return this.#search.kinds.map(({ kind }, i) => ({ kind, count: counts[i] ?? 0 }));
  }

  weightOf(i: number): number {
    return this.#search.kinds[i]?.weight ?? 0;
  }

  weight(counts: Counts): number {
    return counts.reduce((sum, count, i) => sum + count * this.weightOf(i), 0);
  }

  /** Whether lower bounds leave enough seeds with which the fleet may be in time. */
  isPossible(counts: Counts): boolean {
    const { windowMs, neededRuns } = this.#search;
    const machines = this.machines(counts);
    let possible = 0;
    for (const workload of this.#workloads) if (workload.tailBoundMs(machines) <= windowMs) possible++;
    return possible >= neededRuns;
  }

  async does(counts: Counts): Promise<boolean> {
    const key = counts.join(' ');
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const does = this.isPossible(counts) && (await this.#isInTime(counts));
    this.#known.set(key, does);
    return does;
  }

  async runs(counts: Counts): Promise<readonly BlockRun[]> {
    const runs = [];
    for (const seed of this.#search.seeds) runs.push(await this.#run(counts, seed));
    return runs;
  }

  async #isInTime(counts: Counts): Promise<boolean> {
    const { windowMs, seeds, neededRuns, onTrial } = this.#search;
    onTrial?.(this.machines(counts));
    let inTime = 0;
    const failed: number[] = [];
    for (const seed of this.#seeds) {
      const { outcome, makespanMs } = await this.#run(counts, seed, windowMs);
      if (outcome === 'proven' && makespanMs <= windowMs) inTime++;
      else failed.push(seed);
      if (inTime >= neededRuns || failed.length > seeds.length - neededRuns) break;
    }
    this.#seeds = [...failed, ...this.#seeds.filter((seed) => !failed.includes(seed))];
    return inTime >= neededRuns;
  }

  #run(counts: Counts, seed: number, untilMs = Number.POSITIVE_INFINITY): Promise<BlockRun> {
    const { tree, profile, times, signal } = this.#search;
    const machines = this.machines(counts);
    return simulateBlock({
      tree,
      machines,
      profile,
      times,
      seed,
      untilMs,
      ...(signal === undefined ? {} : { signal }),
    });
  }
}

/** The block's jobs, as long as they would take with this seed if nothing went wrong. */
function usualWorkload(
  { tree, profile, times }: Pick<FleetSearch, 'tree' | 'profile' | 'times'>,
  seed: number,
): Workload {
  const fates = new ProofFates(times, seed, profile.timeoutMs);
  const durationsMs = new Float64Array(tree.size);
  for (let job = 0; job < tree.size; job++) durationsMs[job] = fates.usualMs(tree.jobId(job), tree.circuit(job));
  return new Workload(tree, durationsMs, profile);
}
