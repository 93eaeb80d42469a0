import type { ErrorCode } from '../../common/index.js';
import type { JobHistoryRecord, JobId, ResourceClass } from '../../proto/index.js';

/** What went wrong with a job so far: its record, and what need not outlive the scheduler. */
export interface JobHistory {
  /** The attempt that is in the queue, or will be when the job is queued next. */
  attempt: number;
  readonly failures: Map<ErrorCode, number>;
  /** Reports of proofs by attempts up to this one say nothing any more: theirs may be the proof that was lost. */
  voidUpToAttempt: number;
  /** Machines whose workers died while they were proving it. */
  readonly lostOn: Set<string>;
  /** The class it is proven on since it ran out of memory. */
  escalatedTo: ResourceClass | null;
  /** Set while the job is in backoff. */
  wakeAtMs: number | undefined;
  /** A second attempt was made beside one that took too long. */
  hedged: boolean;
}

/**
 * Histories of the few jobs that have one: all others are at their first attempt and never failed. Whatever changes in
 * one that a later scheduler must know is gathered until `takeChanged`.
 *
 * What is remembered never runs ahead of the queue: a record with attempt `n` is written once no earlier attempt can be
 * taken from the queue any more (it failed, was removed, or was detached), and before attempt `n` is queued. So whoever
 * goes on from the record queues attempt `n`, and what is there already, if anything, is that attempt.
 */
export class JobHistories {
  readonly #histories = new Map<JobId, JobHistory>();
  readonly #changed = new Set<JobId>();

  find(jobId: JobId): JobHistory | undefined {
    return this.#histories.get(jobId);
  }

  /** The attempt that is in the queue, or will be when the job is queued next. */
  attempt(jobId: JobId): number {
    return this.#histories.get(jobId)?.attempt ?? 1;
  }

  /** The present attempt is over: whatever happens next to the job is a later one. */
  endAttempt(jobId: JobId): JobHistory {
    const history = this.#change(jobId);
    history.attempt++;
    return history;
  }

  /** A second attempt begins beside the present one. Returns its number. */
  hedge(jobId: JobId): number {
    const history = this.endAttempt(jobId);
    history.hedged = true;
    return history.attempt;
  }

  /** The queue has a later attempt than was known: what an earlier scheduler queued was not remembered. */
  adopt(jobId: JobId, attempt: number): void {
    if (attempt > this.attempt(jobId)) this.#change(jobId).attempt = attempt;
  }

  /** Counts a failure and returns how many of its kind the job has had. */
  countFailure(jobId: JobId, code: ErrorCode): number {
    const { failures } = this.#change(jobId);
    const count = (failures.get(code) ?? 0) + 1;
    failures.set(code, count);
    return count;
  }

  /** A worker died that was proving the job. Returns all machines on which that happened. */
  countLoss(jobId: JobId, machine: string): readonly string[] {
    const { lostOn } = this.#change(jobId);
    lostOn.add(machine);
    return [...lostOn];
  }

  escalate(jobId: JobId, resourceClass: ResourceClass): void {
    this.#change(jobId).escalatedTo = resourceClass;
  }

  /** The job's proof was lost: only later attempts can make up for it. */
  voidAttempts(jobId: JobId): void {
    const history = this.#change(jobId);
    history.voidUpToAttempt = history.attempt;
    history.attempt++;
  }

  isVoid(jobId: JobId, attempt: number): boolean {
    return attempt <= (this.#histories.get(jobId)?.voidUpToAttempt ?? 0);
  }

  /** The job is in backoff. */
  wait(jobId: JobId, wakeAtMs: number): void {
    this.#change(jobId).wakeAtMs = wakeAtMs;
  }

  stopWaiting(jobId: JobId): void {
    const history = this.#histories.get(jobId);
    if (history !== undefined) history.wakeAtMs = undefined;
  }

  /**
   * Takes over what an earlier scheduler remembered of a job. `isUnderWay`: this one has it in the queue or in backoff
   * already, for another block, and so knows best which attempt that is.
   */
  inherit(jobId: JobId, record: JobHistoryRecord, isUnderWay: boolean): void {
    const known = this.#histories.get(jobId);
    if (known === undefined) {
      const history = newHistory(isUnderWay ? 1 : record.attempt, record.voidUpToAttempt);
      this.#histories.set(jobId, history);
      addRecord(history, record);
      if (isUnderWay) this.#changed.add(jobId);
      return;
    }
    this.#changed.add(jobId);
    if (!isUnderWay) known.attempt = Math.max(known.attempt, record.attempt);
    // Never so that the attempt under way would not count.
    known.voidUpToAttempt = Math.max(known.voidUpToAttempt, Math.min(record.voidUpToAttempt, known.attempt - 1));
    addRecord(known, record);
  }

  /** Another block must know of it, too. */
  touch(jobId: JobId): void {
    if (this.#histories.has(jobId)) this.#changed.add(jobId);
  }

  forget(jobId: JobId): void {
    this.#histories.delete(jobId);
  }

  /** The jobs whose histories changed since the last call. */
  takeChanged(): readonly JobId[] {
    if (this.#changed.size === 0) return NONE;
    const changed = [...this.#changed];
    this.#changed.clear();
    return changed;
  }

  #change(jobId: JobId): JobHistory {
    this.#changed.add(jobId);
    let history = this.#histories.get(jobId);
    if (history === undefined) {
      history = newHistory(1, 0);
      this.#histories.set(jobId, history);
    }
    return history;
  }
}

const NONE: readonly JobId[] = [];

export function recordOf(history: JobHistory): JobHistoryRecord {
  const { attempt, failures, voidUpToAttempt, lostOn, escalatedTo } = history;
  return { attempt, failures: Object.fromEntries(failures), voidUpToAttempt, lostOn: [...lostOn], escalatedTo };
}

function newHistory(attempt: number, voidUpToAttempt: number): JobHistory {
  return {
    attempt,
    failures: new Map(),
    voidUpToAttempt: Math.min(voidUpToAttempt, attempt - 1),
    lostOn: new Set(),
    escalatedTo: null,
    wakeAtMs: undefined,
    hedged: false,
  };
}

function addRecord(history: JobHistory, record: JobHistoryRecord): void {
  for (const [code, count] of Object.entries(record.failures) as [ErrorCode, number][]) {
    history.failures.set(code, Math.max(history.failures.get(code) ?? 0, count));
  }
  for (const machine of record.lostOn) history.lostOn.add(machine);
  history.escalatedTo ??= record.escalatedTo;
}
