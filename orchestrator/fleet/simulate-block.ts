import { setImmediate as turn } from 'node:timers/promises';
import type { SerializedError } from '../../common/index.js';
import type { Profile } from '../../proto/index.js';
import type { ProofTree } from '../plan/index.js';
import { FleetSimulation } from './fleet-simulation.js';
import { JobTimes, type LevelTime } from './level-times.js';
import type { MachineCount } from './machines.js';
import { meanDurationsMs, type ProofTimes } from './proof-times.js';
import { type LowerBound, Workload } from './workload.js';

export interface BlockSimulation {
  readonly tree: ProofTree;
  readonly machines: readonly MachineCount[];
  readonly profile: Profile;
  readonly times: ProofTimes;
  readonly seed: number;
  /** Ends the simulation when so much time has passed in it. */
  readonly untilMs?: number;
  readonly signal?: AbortSignal;
}

/** How a block fared on a fleet. */
export type BlockRun = BlockRunFacts &
  (
    | { readonly outcome: 'proven'; readonly bound: LowerBound; readonly levels: readonly LevelTime[] }
    /** A job failed more often than it may. */
    | { readonly outcome: 'failed'; readonly error: SerializedError }
    /** It was not over at `untilMs`. */
    | { readonly outcome: 'unfinished' }
    /** Nothing could happen any more: no machine takes what is left. */
    | { readonly outcome: 'stuck' }
  );

export interface BlockRunFacts {
  /** From the block's arrival to its end, or to where the simulation ended. */
  readonly makespanMs: number;
  /** Attempts that were begun. */
  readonly attempts: number;
  readonly retries: number;
  /** Second attempts at stragglers. */
  readonly hedges: number;
  /** By the name of the kind of machine: the share of its cores that proofs held. */
  readonly utilisation: Readonly<Record<string, number>>;
}

/** Steps between two looks at the signal: a few milliseconds of work. */
const STEPS_PER_TURN = 2_048;

/**
 * Proves one block on a fleet that stays as it is, for an orchestrator that has proven such blocks before and knows what
 * each circuit takes on average. Rejects with the signal's reason when it aborts.
 */
export async function simulateBlock(options: BlockSimulation): Promise<BlockRun> {
  const { tree, machines, profile, times, seed, untilMs = Number.POSITIVE_INFINITY, signal } = options;
  const jobTimes = new JobTimes(tree);
  const counts = { attempts: 0, retries: 0, hedges: 0 };
  let ended: { readonly error: SerializedError | undefined } | undefined;
  const simulation = new FleetSimulation({
    profile,
    times,
    seed,
    scheduling: { durationsMs: meanDurationsMs(times) },
    watcher: {
      onStarted: () => {
        counts.attempts++;
      },
      onRetry: () => {
        counts.retries++;
      },
      onHedge: ({ length }) => {
        counts.hedges += length;
      },
      onProven: (_, jobId, task) => jobTimes.note(tree.indexOf(jobId), task, simulation.time.nowMs),
      onEnd: (_, error) => {
        ended = { error };
      },
    },
  });
  for (const { kind, count } of machines) simulation.fleet.join(kind, count);
  simulation.addBlock('block', tree);
  let isLate = false;
  for (let steps = 1; ended === undefined && !isLate && simulation.step(); steps++) {
    isLate = (simulation.time.nextMs ?? 0) > untilMs;
    if (steps % STEPS_PER_TURN > 0) continue;
    await turn();
    signal?.throwIfAborted();
  }
  const makespanMs = simulation.time.nowMs;
  const facts = { makespanMs, ...counts, utilisation: utilisationOf(simulation, machines) };
  if (ended?.error !== undefined) return { ...facts, outcome: 'failed', error: ended.error };
  if (ended === undefined) return { ...facts, outcome: isLate ? 'unfinished' : 'stuck' };
  const bound = new Workload(tree, jobTimes.durationsMs, profile).lowerBound(machines);
  return { ...facts, outcome: 'proven', bound, levels: jobTimes.levels() };
}

function utilisationOf({ fleet }: FleetSimulation, machines: readonly MachineCount[]): Record<string, number> {
  const { usage } = fleet;
  return Object.fromEntries(
    machines.map(({ kind: { name, resources } }) => {
      const { machineMs = 0, heldCoreMs = 0 } = usage.get(name) ?? {};
      return [name, machineMs > 0 ? heldCoreMs / (machineMs * resources.cores) : 0];
    }),
  );
}
