import { type CircuitName, type JobId, type RunEvent, workMs } from '../../proto/index.js';
import { Concurrency } from './concurrency.js';
import { estimateTimeLeft, type LevelWork } from './estimate-time-left.js';
import { JobDurations } from './job-durations.js';
import { isSequential, likelyCircuit } from './level-circuits.js';
import { NoticeLog } from './notice-log.js';
import type { BlockView, Outcome, ProgressView, RunningView } from './progress-view.js';

/** Running jobs listed one by one. */
const RUNNING_LISTED_MAX = 64;

interface Level {
  readonly name: string;
  readonly jobs: number;
  done: number;
  /** Jobs started, by circuit: a level may mix two circuits. */
  readonly seen: Map<CircuitName, number>;
}

interface RunningJob {
  readonly circuit: CircuitName;
  readonly level: number;
  readonly workerId: string;
  readonly attempt: number;
  readonly startedAtMs: number;
}

type Event<Kind extends RunEvent['kind']> = Extract<RunEvent, { kind: Kind }>;

/**
 * Reduces the events of one run to what is to be seen of it. Pure: time comes with the events and with `view`.
 * An event costs constant time; `view` costs time in the number of running jobs.
 */
export class ProgressModel {
  readonly #durations: JobDurations;
  readonly #concurrency = new Concurrency();
  readonly #notices = new NoticeLog();
  readonly #running = new Map<JobId, RunningJob>();
  /** Level of each job this run proved. */
  readonly #proven = new Map<JobId, number>();
  /** Jobs whose proof of an earlier run turned out to be corrupt: their level is known when they are started again. */
  readonly #corrupt = new Set<JobId>();
  #phase: ProgressView['phase'] = null;
  #block: BlockView | null = null;
  #levels: Level[] = [];
  #alreadyProven = 0;
  #retries = 0;
  #slowest: ProgressView['slowest'] = null;
  #outcome: Outcome | null = null;
  #firstEventAtMs: number | null = null;
  #lastEventAtMs = 0;

  /** `priors`: what jobs took on this machine before, in milliseconds. */
  constructor(priors?: ReadonlyMap<CircuitName, number>) {
    this.#durations = new JobDurations(priors);
  }

  apply(event: RunEvent): void {
    this.#firstEventAtMs ??= event.atMs;
    this.#lastEventAtMs = Math.max(this.#lastEventAtMs, event.atMs);
    this.#notices.apply(event);
    switch (event.kind) {
      case 'phase':
        this.#phase = { phase: event.phase, done: event.done, total: event.total };
        break;
      case 'planned':
        this.#plan(event);
        break;
      case 'job-started':
        this.#start(event);
        break;
      case 'job-proven':
        this.#prove(event);
        break;
      case 'job-given-back':
        this.#stopRunning(event.jobId, event.atMs);
        break;
      case 'job-retried':
        this.#stopRunning(event.jobId, event.atMs);
        this.#retries += 1;
        break;
      case 'proof-corrupt':
        this.#dropProof(event.jobId);
        break;
      case 'block-proven': {
        const { proven, makespanMs, criticalPathMs } = event;
        this.#finish({ kind: 'proven', proven, makespanMs, criticalPathMs });
        break;
      }
      case 'block-failed':
        this.#finish({ kind: 'failed', jobId: event.jobId, error: event.error });
        break;
    }
  }

  /** `nowMs` is milliseconds since the epoch; once the run has ended, its last event is taken for now. */
  view(nowMs: number): ProgressView {
    const atMs = this.#outcome === null ? Math.max(nowMs, this.#lastEventAtMs) : this.#lastEventAtMs;
    const runningByLevel = this.#levels.map(() => 0);
    for (const { level } of this.#running.values()) runningByLevel[level] = (runningByLevel[level] ?? 0) + 1;
    const levels = this.#levels.map(({ name, jobs, done }, index) => {
      const running = Math.min(runningByLevel[index] ?? 0, jobs - done);
      return { name, jobs, done, running, waiting: jobs - done - running };
    });
    return {
      phase: this.#phase,
      block: this.#block,
      levels,
      jobs: levels.reduce((sum, level) => sum + level.jobs, 0),
      done: levels.reduce((sum, level) => sum + level.done, 0),
      alreadyProven: this.#alreadyProven,
      elapsedMs: this.#firstEventAtMs === null ? 0 : atMs - this.#firstEventAtMs,
      proofsPerMinute: this.#proofsPerMinute(atMs),
      timeLeftMs: this.#timeLeftMs(levels, atMs),
      isEstimateMeasured: this.#durations.isMeasured,
      slowest: this.#slowest,
      running: this.#longestRunning(atMs),
      runningCount: this.#running.size,
      retries: this.#retries,
      notices: this.#notices.newest,
      noticeCount: this.#notices.count,
      outcome: this.#outcome,
    };
  }

  #plan(event: Event<'planned'>): void {
    const { blockId, transactions, calls, prover, alreadyProven } = event;
    this.#block = { blockId, transactions, calls, prover };
    this.#alreadyProven = alreadyProven;
    this.#levels = event.levels.map(({ name, jobs }, index) => ({
      name,
      jobs,
      done: Math.min(jobs, event.alreadyProvenByLevel[index] ?? 0),
      seen: new Map(),
    }));
  }

  #start(event: Event<'job-started'>): void {
    const { jobId, circuit, workerId, attempt, atMs } = event;
    const level = this.#levels[event.level];
    if (level && this.#corrupt.delete(jobId)) {
      level.done = Math.max(0, level.done - 1);
      this.#alreadyProven = Math.max(0, this.#alreadyProven - 1);
    }
    level?.seen.set(circuit, (level.seen.get(circuit) ?? 0) + 1);
    this.#running.set(jobId, { circuit, level: event.level, workerId, attempt, startedAtMs: atMs });
    this.#concurrency.set(this.#running.size, atMs);
  }

  #prove(event: Event<'job-proven'>): void {
    const { jobId, circuit, summary } = event;
    this.#stopRunning(jobId, event.atMs);
    if (this.#proven.has(jobId)) return;
    this.#proven.set(jobId, event.level);
    const level = this.#levels[event.level];
    if (level) level.done = Math.min(level.jobs, level.done + 1);
    const jobMs = workMs(summary.timings);
    this.#durations.record(circuit, jobMs);
    if (jobMs > (this.#slowest?.wallMs ?? 0)) this.#slowest = { jobId, circuit, wallMs: jobMs };
  }

  #dropProof(jobId: JobId): void {
    const levelIndex = this.#proven.get(jobId);
    const level = levelIndex === undefined ? undefined : this.#levels[levelIndex];
    if (level) {
      level.done = Math.max(0, level.done - 1);
      this.#proven.delete(jobId);
    } else if (this.#block !== null) {
      this.#corrupt.add(jobId);
    }
  }

  #finish(outcome: Outcome): void {
    this.#running.clear();
    this.#concurrency.set(0, this.#lastEventAtMs);
    this.#outcome = outcome;
  }

  #stopRunning(jobId: JobId, atMs: number): void {
    this.#running.delete(jobId);
    this.#concurrency.set(this.#running.size, atMs);
  }

  #proofsPerMinute(atMs: number): number | null {
    const { firstStartAtMs } = this.#concurrency;
    if (firstStartAtMs === null || this.#proven.size === 0) return null;
    return (this.#proven.size / Math.max(1, atMs - firstStartAtMs)) * 60_000;
  }

  #timeLeftMs(levels: ProgressView['levels'], atMs: number): number | null {
    if (this.#block === null || this.#outcome?.kind === 'failed') return null;
    if (this.#outcome?.kind === 'proven') return 0;
    // What real provers take says nothing of a simulated one.
    if (this.#block.prover.kind === 'simulated' && !this.#durations.isMeasured) return null;
    const runningWork: { expectedMs: number; elapsedMs: number }[][] = levels.map(() => []);
    for (const { circuit, level, startedAtMs } of this.#running.values()) {
      const elapsedMs = Math.max(0, atMs - startedAtMs);
      runningWork[level]?.push({ expectedMs: this.#durations.expectedMs(circuit), elapsedMs });
    }
    const transactions = Math.max(1, this.#block.transactions);
    const work = levels.map(
      ({ name, waiting }, index): LevelWork => ({
        waiting,
        expectedMs: this.#expectedMsOfLevel(index),
        running: runningWork[index] ?? [],
        chainLength: isSequential(name) ? Math.ceil(waiting / transactions) : 1,
      }),
    );
    return estimateTimeLeft(work, this.#concurrency.average(atMs));
  }

  #expectedMsOfLevel(index: number): number {
    const level = this.#levels[index];
    const seen = [...(level?.seen ?? [])];
    if (seen.length === 0) return this.#durations.expectedMs(likelyCircuit(level?.name ?? '', this.#block));
    const count = seen.reduce((sum, [, jobs]) => sum + jobs, 0);
    return seen.reduce((sum, [circuit, jobs]) => sum + (jobs / count) * this.#durations.expectedMs(circuit), 0);
  }

  #longestRunning(atMs: number): readonly RunningView[] {
    return [...this.#running]
      .map(([jobId, { circuit, workerId, attempt, startedAtMs }]) => {
        return { jobId, circuit, workerId, attempt, elapsedMs: Math.max(0, atMs - startedAtMs) };
      })
      .sort((a, b) => b.elapsedMs - a.elapsedMs)
      .slice(0, RUNNING_LISTED_MAX);
  }
}
