import type { ErrorCode, SerializedError } from '../../common/index.js';
import { retryPolicy } from '../../orchestrator/index.js';
import { type JobHistoryRecord, type JobId, machineOf } from '../../proto/index.js';
import type { FleetReport } from './fleet.js';

/**
 * What truly happened to each job, kept apart from what any scheduler believes: it says whether a block may fail for the
 * reason it gives, and whether what is remembered can be true.
 */
export class Ledger {
  readonly #failures = new Map<string, number>();
  readonly #lostOn = new Map<JobId, Set<string>>();
  readonly #remembered = new Map<string, JobHistoryRecord>();

  observe(report: FleetReport): void {
    if (report.kind !== 'failed') return;
    const { jobId, code, workerId, wasStarted } = report;
    this.#failures.set(`${jobId} ${code}`, this.#count(jobId, code) + 1);
    if (code !== 'lease-lost' || !wasStarted) return;
    const machines = this.#lostOn.get(jobId) ?? new Set();
    this.#lostOn.set(jobId, machines.add(machineOf(workerId)));
  }

  /** A stored proof was damaged, or said to be lost. */
  observeLoss(jobId: JobId): void {
    this.#failures.set(`${jobId} lost`, (this.#failures.get(`${jobId} lost`) ?? 0) + 1);
  }

  /**
   * Throws unless the record can follow what was remembered of the job before, and no budget is exceeded. (A job that the
   * block has proven may be beyond it: then another block failed.)
   */
  checkRecord(blockId: string, jobId: JobId, record: JobHistoryRecord, isProven: boolean): void {
    const before = this.#remembered.get(`${blockId} ${jobId}`);
    this.#remembered.set(`${blockId} ${jobId}`, record);
    const said = JSON.stringify({ before, record });
    if (record.attempt <= record.voidUpToAttempt) throw new Error(`${jobId}: its present attempt is void: ${said}`);
    if (before !== undefined && (record.attempt < before.attempt || record.voidUpToAttempt < before.voidUpToAttempt)) {
      throw new Error(`${jobId} goes back in time: ${said}`);
    }
    for (const [code, count] of Object.entries(before?.failures ?? {}) as [ErrorCode, number][]) {
      if ((record.failures[code] ?? 0) < count) throw new Error(`${jobId}: failures are forgotten: ${said}`);
    }
    for (const [code, count] of Object.entries(record.failures) as [ErrorCode, number][]) {
      if (count > retryPolicy(code).retries && !isProven)
        throw new Error(`${jobId} is tried beyond its budget: ${said}`);
    }
    const lostOn = this.#lostOn.get(jobId);
    if (!record.lostOn.every((machine) => lostOn?.has(machine)))
      throw new Error(`${jobId} was not lost there: ${said}`);
  }

  /** The block has ended: what was remembered of it is gone. */
  forgetBlock(blockId: string): void {
    for (const key of this.#remembered.keys()) if (key.startsWith(`${blockId} `)) this.#remembered.delete(key);
  }

  /** Throws unless a block may fail because of this job for this reason. */
  checkFailure(jobId: JobId, { code, message }: SerializedError): void {
    if (code === 'job-quarantined') {
      if ((this.#lostOn.get(jobId)?.size ?? 0) < 2) throw new Error(`quarantined without need: ${message}`);
    } else if (code === 'attempts-exhausted') {
      const reason = / failed \d+ times with ([a-z-]+);/.exec(message)?.[1] as ErrorCode;
      const { retries } = retryPolicy(reason);
      if (!(this.#count(jobId, reason) > retries)) throw new Error(`it did not fail that often: ${message}`);
    } else if (code === 'store-corrupt') {
      if ((this.#failures.get(`${jobId} lost`) ?? 0) === 0) throw new Error(`it was not lost: ${message}`);
    } else if (!(this.#count(jobId, code) > retryPolicy(code).retries)) {
      throw new Error(`no reason to fail: ${message}`);
    }
  }

  #count(jobId: JobId, code: ErrorCode): number {
    return this.#failures.get(`${jobId} ${code}`) ?? 0;
  }
}
