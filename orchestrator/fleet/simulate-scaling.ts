import { setImmediate as turn } from 'node:timers/promises';
import type { SerializedError } from '../../common/index.js';
import { type BlockId, type Profile, RESOURCE_CLASSES, type ResourceClass } from '../../proto/index.js';
import type { ProofTree } from '../plan/index.js';
import { BUSY_HOLD_MS, blockOfWork, type DemandView, deletionCost, type PoolWorkers } from '../schedule/index.js';
import { FleetSimulation } from './fleet-simulation.js';
import { slotsFor } from './machines.js';
import { type AutoscalerTiming, PodAutoscaler } from './pod-autoscaler.js';
import { type Losses, PodPool, type PodTiming, type PoolPlan } from './pod-pool.js';
import { meanDurationsMs, type ProofTimes } from './proof-times.js';
import { Random } from './random.js';
import type { SimulatedMachine } from './simulated-machine.js';

/** A block that comes at some moment. */
export interface ComingBlock {
  readonly tree: ProofTree;
  readonly atMs: number;
  /** From its arrival on; null: none. */
  readonly windowMs: number | null;
}

/** What an autoscaler may look at. */
export interface ScalingMoment {
  /** As an orchestrator sees blocks and workers. */
  readonly view: DemandView;
  /** Jobs of the class in the queue that no worker has. */
  readonly queued: number;
}

/** How many pods of a pool there should be: the metric, of which 1 is for one pod. */
export type ScalingRule = (pool: PoolPlan, moment: ScalingMoment) => number | Promise<number>;

export interface ScalingSimulation {
  readonly blocks: readonly ComingBlock[];
  readonly pools: readonly PoolPlan[];
  readonly profile: Profile;
  readonly times: ProofTimes;
  readonly rule: ScalingRule;
  /** What the rule sees of blocks and workers is at least so old, and at most twice. Default: it sees what is. */
  readonly viewAgeMs?: number;
  readonly pods: PodTiming;
  readonly autoscaler: AutoscalerTiming;
  readonly seed: number;
  /** Ends the simulation when so much time has passed in it. */
  readonly untilMs: number;
  /** Hears what was decided, each time. */
  readonly onDecision?: (decision: ScalingDecision) => void;
  readonly signal?: AbortSignal;
}

export interface ScalingDecision {
  readonly pool: PoolPlan;
  readonly atMs: number;
  readonly metric: number;
  readonly replicas: number;
  /** Pods that are up and have a job. */
  readonly busy: number;
}

export interface PoolRun extends Losses {
  /** Of all pods together, from their creation to their end. */
  readonly workerMs: number;
  /** What of it they took to start. */
  readonly startingMs: number;
  /** The most pods at once. */
  readonly peak: number;
  /** Pods that were told to end with a proof under way, which they went on with for as long as they were let. */
  readonly stoppedBusy: number;
}

export interface ScalingRun {
  /** From each block's arrival to its root; NaN where there was none. */
  readonly makespansMs: readonly number[];
  readonly pools: Readonly<Record<string, PoolRun>>;
  /** When the last block had ended and the last pod was gone; NaN: never. */
  readonly emptyMs: number;
}

const STEPS_PER_TURN = 2_048;

/**
 * Blocks on a fleet of pods that is scaled while they are proven: the production scheduler, KEDA, the
 * HorizontalPodAutoscaler and ReplicaSets, in virtual time. The same options give the same run.
 */
export async function simulateScaling(options: ScalingSimulation): Promise<ScalingRun> {
  const run = new ScalingWorld(options);
  return run.run();
}

class ScalingWorld {
  readonly #options: ScalingSimulation;
  readonly #simulation: FleetSimulation;
  readonly #pools: readonly { readonly pool: PodPool; readonly scaler: PodAutoscaler }[];
  readonly #deadlinesMs = new Map<BlockId, number | null>();
  readonly #endedMs = new Map<BlockId, number>();
  /** With a `viewAgeMs`: the last looks, the older one first. */
  #looks: readonly DemandView[] = [];
  /** What is due now, and may wait for others. */
  readonly #due: (() => Promise<void>)[] = [];

  constructor(options: ScalingSimulation) {
    this.#options = options;
    const { profile, times, seed, pools, pods, autoscaler } = options;
    this.#simulation = new FleetSimulation({
      profile,
      times,
      seed,
      scheduling: { durationsMs: meanDurationsMs(times) },
      watcher: { onEnd: (blockId, error) => this.#end(blockId, error) },
    });
    const { time, fleet } = this.#simulation;
    this.#pools = pools.map((plan, i) => {
      const pool = new PodPool(plan, pods, time, fleet, new Random(seed * 31 + i));
      return { pool, scaler: new PodAutoscaler(pool, autoscaler) };
    });
  }

  async run(): Promise<ScalingRun> {
    const { blocks, untilMs, signal } = this.#options;
    const { time } = this.#simulation;
    for (const [i, { tree, atMs, windowMs }] of blocks.entries()) {
      time.after(atMs, () => {
        this.#deadlinesMs.set(`block-${i}`, windowMs === null ? null : atMs + windowMs);
        this.#simulation.addBlock(`block-${i}`, tree);
      });
    }
    this.#plan();
    let emptyMs = Number.NaN;
    for (let steps = 1; time.nowMs < untilMs && this.#simulation.step(); steps++) {
      for (let due = this.#due.shift(); due !== undefined; due = this.#due.shift()) await due();
      if (this.#endedMs.size === blocks.length && this.#isEmpty()) {
        emptyMs = time.nowMs;
        break;
      }
      if (steps % STEPS_PER_TURN > 0) continue;
      await turn();
      signal?.throwIfAborted();
    }
    return {
      makespansMs: blocks.map(({ atMs }, i) => (this.#endedMs.get(`block-${i}`) ?? Number.NaN) - atMs),
      pools: Object.fromEntries(this.#pools.map(({ pool }) => [pool.plan.kind.name, this.#runOf(pool)])),
      emptyMs,
    };
  }

  #isEmpty(): boolean {
    for (const _ of this.#simulation.fleet.machines) return false;
    return this.#pools.every(({ pool }) => pool.replicas === 0);
  }

  #end(blockId: BlockId, error: SerializedError | undefined): void {
    this.#endedMs.set(blockId, error === undefined ? this.#simulation.time.nowMs : Number.NaN);
    this.#deadlinesMs.delete(blockId);
  }

  /** Lets everything begin that goes on all the time. */
  #plan(): void {
    const { pollMs, syncMs } = this.#options.autoscaler;
    const { viewAgeMs, pods } = this.#options;
    const { deletionCostsMs } = pods;
    if (viewAgeMs !== undefined) {
      this.#every(viewAgeMs, async () => {
        this.#looks = [...this.#looks.slice(-1), this.#view()];
      });
    }
    for (const { pool, scaler } of this.#pools) {
      this.#every(pollMs, async () => scaler.poll((await this.#ask(pool)) > 0, this.#simulation.time.nowMs));
      this.#every(syncMs, async () => {
        if (pool.replicas === 0) return;
        const metric = await this.#ask(pool);
        const { nowMs: atMs } = this.#simulation.time;
        const busy = pool.machines.filter(({ running }) => running.size > 0).length;
        scaler.sync(metric, atMs);
        this.#options.onDecision?.({ pool: pool.plan, atMs, metric, replicas: pool.replicas, busy });
      });
      if (deletionCostsMs === null) continue;
      this.#every(deletionCostsMs, async () => pool.noteCosts((machine) => this.#costOf(machine)));
    }
  }

  #every(ms: number, work: () => Promise<void>): void {
    const again = () => {
      this.#due.push(work);
      this.#simulation.time.after(ms, again);
    };
    this.#simulation.time.after(ms, again);
  }

  #costOf({ running, idleSinceMs }: SimulatedMachine): number {
    const provingSinceMs = [...running].map(({ startedAtMs }) => startedAtMs);
    return deletionCost({ provingSinceMs, idleSinceMs, nowMs: this.#simulation.time.nowMs });
  }

  async #ask({ plan }: PodPool): Promise<number> {
    const queued = this.#simulation.fleet.waiting(plan.resourceClass);
    const [past] = this.#looks;
    const { nowMs } = this.#simulation.time;
    return this.#options.rule(plan, { view: past === undefined ? this.#view() : { ...past, nowMs }, queued });
  }

  #view(): DemandView {
    const { time } = this.#simulation;
    const blocks = [...this.#simulation.forecast()].map(([blockId, { work }]) => {
      const deadlineAtMs = this.#deadlinesMs.get(blockId) ?? null;
      return { block: blockOfWork(work), deadlineMs: deadlineAtMs === null ? null : deadlineAtMs - time.nowMs };
    });
    const pools = Object.fromEntries(
      this.#pools.map(({ pool }) => [pool.plan.resourceClass, this.#workersOf(pool)] as const),
    );
    return { nowMs: time.nowMs, blocks, pools };
  }

  #workersOf({ machines, plan: { kind } }: PodPool): PoolWorkers {
    const { profile } = this.#options;
    const classes = machines[0]?.offers.map(({ resourceClass }) => resourceClass) ?? [];
    const slots = Object.fromEntries(
      RESOURCE_CLASSES.filter((name) => classes.includes(name)).map((name: ResourceClass) => [
        name,
        slotsFor(profile, [{ kind, count: machines.length }], name),
      ]),
    );
    const { nowMs } = this.#simulation.time;
    const busy = machines.filter(({ idleSinceMs }) => nowMs - (idleSinceMs ?? nowMs) < BUSY_HOLD_MS).length;
    return { workers: machines.length, busy, slots };
  }

  #runOf(pool: PodPool): PoolRun {
    const machineMs = this.#simulation.fleet.usage.get(pool.plan.kind.name)?.machineMs ?? 0;
    const { startingMs, peak, stoppedBusy, losses } = pool;
    return { ...losses, startingMs, peak, stoppedBusy, workerMs: machineMs + startingMs };
  }
}
