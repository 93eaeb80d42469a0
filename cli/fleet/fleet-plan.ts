import { EspalierError } from '../../common/index.js';
import {
  type BlockRun,
  classesOn,
  isRandom,
  type JobCircuit,
  type LevelTime,
  type LowerBound,
  type MachineCount,
  type MachineKind,
  type ProofTimes,
  type ProofTree,
  planBlock,
  simulateBlock,
  sizeFleet,
} from '../../orchestrator/index.js';
import { BYTES_PER_GIB, type Profile, type ResourceClass, requirementOf, resourceClassOf } from '../../proto/index.js';

/** What is to be planned for. */
export interface PlanRequest {
  readonly profile: Profile;
  readonly times: ProofTimes;
  /** Public calls of each transaction, taken in turn. */
  readonly calls: readonly number[];
  readonly kinds: readonly MachineKind[];
  /** An hour, by the name of the kind. */
  readonly prices: ReadonlyMap<string, number>;
  /** The fleet, by the name of the kind; undefined: the cheapest that is in time. */
  readonly workers: ReadonlyMap<string, number> | undefined;
  readonly windowMs: number | undefined;
  readonly seed: number;
  /** So many runs with different luck ... */
  readonly runs: number;
  /** ... of which this share is to be in time. */
  readonly confidence: number;
  readonly signal: AbortSignal;
  readonly onTrial: (machines: readonly MachineCount[]) => void;
}

export interface PlannedKind {
  readonly name: string;
  readonly count: number;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly gpus: number;
  readonly classes: readonly ResourceClass[];
  /** The share of its cores that proofs held. */
  readonly utilisation: number;
  /** Of all its machines, for one block. */
  readonly hours: number;
  /** For one block; null where no price is known. */
  readonly cost: number | null;
}

/** What a fleet does with a block. Of several runs, that with the median makespan is told, unless said otherwise. */
export interface FleetPlan {
  readonly transactions: number;
  readonly calls: number;
  readonly jobs: number;
  readonly windowMs: number | null;
  /** Whether enough runs were in time; null where no window was given. */
  readonly inTime: boolean | null;
  readonly runs: number;
  readonly runsInTime: number | null;
  readonly runsProven: number;
  readonly machines: readonly PlannedKind[];
  /** What a fleet is given as that is not in time: one in which no job ever waits. */
  readonly isUnlimited: boolean;
  readonly retries: number;
  readonly secondAttempts: number;
  readonly levels: readonly LevelTime[];
  /** Why runs did not prove the block, the first of them; null where all did. */
  readonly failure: string | null;
  /** null where no run proved the block. */
  readonly proven: ProvenFacts | null;
}

export interface ProvenFacts extends LowerBound {
  readonly makespanMs: number;
  /** Of all runs. */
  readonly longestMakespanMs: number;
  readonly overLowerBound: number;
  /** Of all machines, for one block. */
  readonly hours: number;
  readonly coreHours: number;
  /** null where a price is missing. */
  readonly cost: number | null;
}

const HOUR_MS = 3_600_000;

/** Plans for a block of so many transactions. Rejects with `usage` where no machine takes what the block needs. */
export async function planFleet(transactions: number, request: PlanRequest): Promise<FleetPlan> {
  const { profile, times, kinds, workers, windowMs, seed, confidence, signal, onTrial } = request;
  const tree = treeOf(transactions, request.calls);
  requireTakers(tree, profile, kinds);
  const runs = isRandom(times) ? request.runs : 1;
  const seeds = Array.from({ length: runs }, (_, i) => seed + i);
  const neededRuns = Math.max(1, Math.ceil(confidence * runs - 1e-9));
  if (workers !== undefined || windowMs === undefined) {
    const machines = kinds.map((kind) => ({ kind, count: workers?.get(kind.name) ?? 0 }));
    const done: BlockRun[] = [];
    for (const each of seeds) {
      onTrial(machines);
      done.push(await simulateBlock({ tree, machines, profile, times, seed: each, signal }));
    }
    return planOf(tree, machines, done, { ...request, neededRuns, isUnlimited: false });
  }
  const rented = kinds.map((kind) => ({ kind, weight: request.prices.get(kind.name) ?? kind.resources.cores }));
  const size = await sizeFleet({
    tree,
    profile,
    times,
    windowMs,
    seeds,
    neededRuns,
    kinds: rented,
    signal,
    onTrial,
  });
  return planOf(tree, size.machines, size.runs, { ...request, neededRuns, isUnlimited: !size.found });
}

/** The circuits of blocks with so many transactions and calls. */
export function circuitsOf(sizes: readonly number[], calls: readonly number[]): readonly JobCircuit[] {
  const circuits = new Set<JobCircuit>();
  if (calls.some((count) => count > 0)) {
    for (const circuit of ['public-vm', 'public-kernel-first', 'base-rollup-public'] as const) circuits.add(circuit);
  }
  if (calls.some((count) => count > 1)) circuits.add('public-kernel-next');
  if (calls.some((count) => count === 0)) circuits.add('base-rollup-private');
  if (sizes.some((size) => size === 1)) circuits.add('root-rollup-single');
  if (sizes.some((size) => size > 1)) circuits.add('root-rollup');
  if (sizes.some((size) => size > 2)) circuits.add('merge-rollup');
  return [...circuits];
}

function treeOf(transactions: number, calls: readonly number[]): ProofTree {
  // Any ids do: nobody else sees them.
  const id = (number: number) => number.toString(16).padStart(64, '0');
  const numbers = Array.from({ length: transactions }, (_, t) => t);
  return planBlock({
    lineageSeed: id(0),
    transactionIds: numbers.map(id),
    callCounts: numbers.map((t) => calls[t % calls.length] ?? 0),
  });
}

function requireTakers(tree: ProofTree, profile: Profile, kinds: readonly MachineKind[]): void {
  const taken = new Set(kinds.flatMap((kind) => classesOn(profile, kind)));
  for (const circuit of circuitsOf([tree.transactions], tree.calls > 0 ? [1] : [0])) {
    const resourceClass = resourceClassOf(profile, circuit);
    if (taken.has(resourceClass)) continue;
    const { cores, memoryGiB, gpus } = requirementOf(profile, resourceClass);
    throw new EspalierError(
      'usage',
      `no kind of machine has the ${cores} cores, ${memoryGiB} GiB and ${gpus} GPUs that class ${resourceClass} asks for (profile ${profile.name})`,
      { remedy: 'give larger ones with --machines, or a profile with smaller needs' },
    );
  }
}

function planOf(
  tree: ProofTree,
  machines: readonly MachineCount[],
  runs: readonly BlockRun[],
  request: PlanRequest & { readonly neededRuns: number; readonly isUnlimited: boolean },
): FleetPlan {
  const { profile, prices, windowMs, neededRuns, isUnlimited } = request;
  const proven = runs.flatMap((run) => (run.outcome === 'proven' ? [run] : []));
  const byTime = [...proven].sort((a, b) => a.makespanMs - b.makespanMs);
  const shown = byTime[(byTime.length - 1) >> 1];
  const inTime = windowMs === undefined ? null : proven.filter(({ makespanMs }) => makespanMs <= windowMs).length;
  const planned = machines.map(({ kind: { name, resources }, count }): PlannedKind => {
    const hours = (count * (shown?.makespanMs ?? 0)) / HOUR_MS;
    const price = prices.get(name);
    return {
      name,
      count,
      cores: resources.cores,
      memoryGiB: resources.memoryBytes / BYTES_PER_GIB,
      gpus: resources.gpus,
      classes: classesOn(profile, { name, resources }),
      utilisation: shown?.utilisation[name] ?? 0,
      hours,
      cost: price === undefined ? null : price * hours,
    };
  });
  return {
    transactions: tree.transactions,
    calls: tree.calls,
    jobs: tree.size,
    windowMs: windowMs ?? null,
    inTime: inTime === null ? null : inTime >= neededRuns,
    runs: runs.length,
    runsInTime: inTime,
    runsProven: proven.length,
    machines: planned,
    isUnlimited,
    retries: shown?.retries ?? 0,
    secondAttempts: shown?.hedges ?? 0,
    levels: shown?.levels ?? [],
    failure: failureOf(runs),
    proven: shown === undefined ? null : provenFacts(shown, byTime.at(-1)?.makespanMs ?? 0, planned),
  };
}

function provenFacts(
  { makespanMs, bound }: BlockRun & { readonly outcome: 'proven' },
  longestMs: number,
  machines: readonly PlannedKind[],
): ProvenFacts {
  const used = machines.filter(({ count }) => count > 0);
  const isPriced = used.every(({ cost }) => cost !== null);
  return {
    makespanMs,
    longestMakespanMs: longestMs,
    ...bound,
    overLowerBound: makespanMs / bound.lowerBoundMs,
    hours: used.reduce((sum, { hours }) => sum + hours, 0),
    coreHours: used.reduce((sum, { hours, cores }) => sum + hours * cores, 0),
    cost: isPriced ? used.reduce((sum, { cost }) => sum + (cost ?? 0), 0) : null,
  };
}

function failureOf(runs: readonly BlockRun[]): string | null {
  const failed = runs.find(({ outcome }) => outcome !== 'proven');
  if (failed === undefined) return null;
  if (failed.outcome === 'failed') return failed.error.message;
  return 'no machine of the fleet takes what is left of the block';
}
