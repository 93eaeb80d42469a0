import type { SerializedError } from '../../common/index.js';
import { type BlockId, type JobId, type Profile, resourceClassOf } from '../../proto/index.js';
import { Bitset, type ProofTree } from '../plan/index.js';
import {
  type BlockForecast,
  Scheduler,
  type SchedulerCommand,
  type SchedulerEvent,
  type SchedulerOptions,
} from '../schedule/index.js';
import { ProofFates } from './proof-fates.js';
import type { ProofTimes } from './proof-times.js';
import { type FleetNews, SimulatedFleet } from './simulated-fleet.js';
import type { Task } from './task-lines.js';
import { VirtualTime } from './virtual-time.js';

export interface FleetSimulationOptions {
  readonly profile: Profile;
  readonly times: ProofTimes;
  /** The same seed gives the same simulation. */
  readonly seed: number;
  /** What takes the scheduler's usual choices. */
  readonly scheduling?: Pick<SchedulerOptions, 'durationsMs' | 'retries' | 'stragglers'>;
  readonly watcher?: SimulationWatcher;
}

/** Hears what happens, at the time at which it does. */
export interface SimulationWatcher {
  /** `task`: the attempt that counts. */
  readonly onProven?: (blockId: BlockId, jobId: JobId, task: Task) => void;
  readonly onStarted?: (task: Task) => void;
  readonly onRetry?: (jobId: JobId) => void;
  /** Second attempts at stragglers begin. */
  readonly onHedge?: (jobIds: readonly JobId[]) => void;
  /** The root is proven (`error` undefined), or the block failed for good. */
  readonly onEnd?: (blockId: BlockId, error: SerializedError | undefined) => void;
}

/** The scheduler is told how many workers are idle a moment after that changed (`orchestrator/cluster/fleet-watch.ts`). */
const CAPACITY_AFTER_MS = 1_000;

interface Message {
  readonly event: SchedulerEvent;
  /** The attempt that the event speaks of. */
  readonly task: Task | undefined;
}

/**
 * The scheduler that runs in production, in front of a simulated fleet, in virtual time. Blocks may be added, and machines
 * join and leave (`fleet`), at any time: plan what is to happen with `time.after`, then `step` until it returns false.
 */
export class FleetSimulation {
  readonly time = new VirtualTime();
  readonly fleet: SimulatedFleet;
  readonly #scheduler: Scheduler;
  readonly #watcher: SimulationWatcher;
  /** What happened while the scheduler's last commands are being obeyed waits, as it does in production. */
  readonly #messages: Message[] = [];
  #isHandling = false;
  #capacityPlanned = false;
  #wakeAtMs: number | undefined;
  #blocks = 0;

  constructor({ profile, times, seed, scheduling, watcher = {} }: FleetSimulationOptions) {
    this.#watcher = watcher;
    this.#scheduler = new Scheduler({ ...scheduling, resourceClassOf: (circuit) => resourceClassOf(profile, circuit) });
    this.fleet = new SimulatedFleet({
      profile,
      time: this.time,
      fates: new ProofFates(times, seed, profile.timeoutMs),
      onNews: (news) => this.#hear(news),
      onIdleChange: () => this.#planCapacity(),
    });
  }

  /** A block to prove, from now on. Those added before go first. */
  addBlock(blockId: BlockId, tree: ProofTree): void {
    this.#blocks++;
    const finished = new Bitset(tree.size);
    this.#post({ kind: 'block-added', nowMs: this.time.nowMs, blockId, tree, finished, ageRank: this.#blocks });
  }

  /** Lets the next thing happen; false when nothing will any more. */
  step(): boolean {
    return this.time.step();
  }

  /** When the roots of all open blocks will land, as an orchestrator would say now. */
  forecast(deadlinesMs: ReadonlyMap<BlockId, number> = new Map()): ReadonlyMap<BlockId, BlockForecast> {
    return this.#scheduler.forecast({ nowMs: this.time.nowMs, fleet: this.fleet.slots, deadlinesMs });
  }

  #hear(news: FleetNews): void {
    const { task } = news;
    const { nowMs } = this.time;
    const { attempt } = task.queued;
    const jobId = task.queued.job.id;
    switch (news.kind) {
      case 'started':
        this.#watcher.onStarted?.(task);
        this.#post({ kind: 'job-started', nowMs, jobId, attempt }, task);
        break;
      case 'given-back':
        this.#post({ kind: 'job-given-back', nowMs, jobId, attempt }, task);
        break;
      case 'proven':
        this.#post({ kind: 'job-proven', nowMs, jobId, attempt, wallMs: nowMs - task.startedAtMs }, task);
        break;
      case 'failed': {
        const error = { code: news.code, message: 'as the simulation has it' };
        const workerId = task.machine?.id ?? '';
        this.#post({ kind: 'job-failed', nowMs, jobId, attempt, error, workerId, wasStarted: true }, task);
      }
    }
  }

  #post(event: SchedulerEvent, task?: Task): void {
    this.#messages.push({ event, task });
    if (this.#isHandling) return;
    this.#isHandling = true;
    // The list grows while it is walked.
    for (const message of this.#messages) this.#handle(message);
    this.#messages.length = 0;
    this.#isHandling = false;
  }

  #handle({ event, task }: Message): void {
    for (const command of this.#scheduler.handle(event)) this.#obey(command, event, task);
  }

  #obey(command: SchedulerCommand, event: SchedulerEvent, task: Task | undefined): void {
    switch (command.kind) {
      case 'report-proven':
        if (task !== undefined) this.#watcher.onProven?.(command.blockId, command.jobId, task);
        break;
      case 'report-retry':
        this.#watcher.onRetry?.(command.jobId);
        break;
      case 'remove':
        this.fleet.remove(command.jobIds);
        break;
      case 'detach':
        this.fleet.detach(command.jobIds);
        // A straggler whose second attempt failed is detached too.
        if (event.kind !== 'job-failed') this.#watcher.onHedge?.(command.jobIds);
        break;
      case 'enqueue':
        this.fleet.add(command.jobs);
        break;
      case 'drain-worker':
        this.fleet.leave(command.workerId, 'drained');
        break;
      case 'block-proven':
        this.#watcher.onEnd?.(command.blockId, undefined);
        break;
      case 'block-failed':
        this.#watcher.onEnd?.(command.blockId, command.error);
        break;
      case 'wake':
        this.#wakeAt(command.atMs);
        break;
      default: // What is stored, and who hears of it, is of no matter here.
    }
  }

  #wakeAt(atMs: number): void {
    this.#wakeAtMs = atMs;
    this.time.after(Math.max(0, atMs - this.time.nowMs), () => {
      if (this.#wakeAtMs === atMs) this.#post({ kind: 'tick', nowMs: atMs });
    });
  }

  #planCapacity(): void {
    if (this.#capacityPlanned) return;
    this.#capacityPlanned = true;
    this.time.after(CAPACITY_AFTER_MS, () => {
      this.#capacityPlanned = false;
      this.#post({ kind: 'capacity', nowMs: this.time.nowMs, idle: this.fleet.idle });
    });
  }
}
