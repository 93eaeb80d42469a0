import { type ErrorCode, EspalierError, type SerializedError } from '../../common/index.js';
import type { BlockId, JobId, ResourceClass } from '../../proto/index.js';
import type { JobCircuit } from '../plan/child-params.js';
import { makespanBoundMs, remainingPathOf } from '../plan/paths.js';
import { BlockJobs } from './block-jobs.js';
import { CommandBuffer } from './command-buffer.js';
import { type CircuitDurations, DEFAULT_DURATIONS_MS, DurationEstimates } from './duration-estimates.js';
import type { BlockSnapshot, SchedulerCommand, SchedulerEvent } from './events.js';
import { JobHistories } from './job-histories.js';
import { backoffMs, isTroubleOutside, retryPolicy } from './retry-policy.js';
import { Timers } from './timers.js';

export interface SchedulerOptions {
  readonly resourceClassOf: (circuit: JobCircuit) => ResourceClass;
  /** Delete no proof; default false. */
  readonly keepProofs?: boolean;
  /** Expected proving times until they are measured. */
  readonly durationsMs?: CircuitDurations;
  /** Blocks open at once; one more throws `queue-full`. */
  readonly blocksMax?: number;
  /** Other numbers of retries than those of `retry-policy.ts`: that of `store-unavailable`, say, where nobody mends it. */
  readonly retries?: Partial<Record<ErrorCode, number>>;
}

export const BLOCKS_MAX = 256;

/** Failures whose cause may be what is stored: a child's proof that is damaged, or false. */
const MAY_BE_STORED: readonly ErrorCode[] = ['store-corrupt', 'proof-invalid'];

/** A job as one block sees it. Blocks that share a prefix of transactions hold the same job. */
interface Holder {
  readonly block: BlockJobs;
  readonly job: number;
}

type EventOf<K extends SchedulerEvent['kind']> = SchedulerEvent & { readonly kind: K };

/**
 * Decides what is proven when: `event -> commands`, with no clock, no I/O and no randomness. The same events give the
 * same commands.
 *
 * A job of an open block is in one of these states:
 *
 * - *blocked*: some child has no stored proof. Ends when the last of them is proven.
 * - *ready*: in the queue, where a worker may hold it already and wait for cores. Ends when its proof is begun, or with
 *   its report.
 * - *leased*: a worker proves it. Ends with its report: proven, or failed.
 * - *backoff*: failed for a reason that may pass; not in the queue. Ends at its wake time: ready again, as the next
 *   attempt. How often is a matter of budgets by kind of failure (`retry-policy.ts`); beyond them the block fails.
 * - *proven*: needs no more proving: its own proof was durable, or that of a job above it is. Ends only when its proof
 *   is lost while something still needs it: blocked again, and with it every job below whose proof is gone too.
 *
 * From any state a job becomes proven as soon as a valid proof of it is durable, whoever made it: the first one wins,
 * other attempts are taken out of the queue, and so is everything below it that was still to do. (After a proof was lost,
 * only attempts begun since then count: a late report of an earlier one may speak of the lost proof.) A ready, leased or
 * backoff job whose child's proof is lost is blocked again.
 *
 * A block is open from `block-added` until its root is proven, one of its jobs failed for good, or it was cancelled:
 * *failed* and *cancelled* are ends of a whole block, which takes its jobs out of the queue and is forgotten.
 *
 * What holds between events:
 * 1. A job is in the queue exactly if some open block has it ready or leased, and it is there once, also where several
 *    blocks share it.
 * 2. The children of every ready, leased or backoff job have stored proofs.
 * 3. What is below a proven job is proven. Their proofs are deleted when the one above is durable, unless another open
 *    block still needs them.
 */
export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #blocks = new Map<BlockId, BlockJobs>();
  readonly #histories = new JobHistories();
  readonly #timers = new Timers();
  readonly #estimates: DurationEstimates;
  #nowMs = 0;
  #announcedWakeMs: number | undefined;
  #out = new CommandBuffer();

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#estimates = new DurationEstimates(options.durationsMs ?? DEFAULT_DURATIONS_MS);
  }

  /** Throws `queue-full` for a block too many, having changed nothing. */
  handle(event: SchedulerEvent): readonly SchedulerCommand[] {
    this.#out = new CommandBuffer();
    this.#nowMs = event.nowMs;
    this.#dispatch(event);
    return this.#out.commands(this.#nextWake(event.kind === 'tick'));
  }

  /** undefined for a block that is not open. */
  snapshot(blockId: BlockId): BlockSnapshot | undefined {
    return this.#blocks.get(blockId)?.snapshot();
  }

  /**
   * Expected milliseconds until a block's root is proven by `slots` proofs at a time, older blocks first: the lower bound
   * of `makespanBoundMs` for the durations learned so far, which longest-path-first comes close to. undefined for a block
   * that is not open.
   */
  estimateRemainingMs(blockId: BlockId, slots: number, nowMs: number): number | undefined {
    const block = this.#blocks.get(blockId);
    if (block === undefined) return undefined;
    const durationOf = this.#estimates.of;
    let workBeforeMs = 0;
    for (const other of this.#blocks.values()) {
      if (other.ageRank >= block.ageRank) continue;
      for (const { count, durationMs } of other.remainingJobs(durationOf, nowMs)) workBeforeMs += count * durationMs;
    }
    return makespanBoundMs(block.remainingJobs(durationOf, nowMs), Math.max(1, slots), workBeforeMs);
  }

  /** What a proof of a circuit is expected to take by now. */
  expectedDurationMs(circuit: JobCircuit): number {
    return this.#estimates.of(circuit);
  }

  #dispatch(event: SchedulerEvent): void {
    switch (event.kind) {
      case 'block-added':
        this.#addBlock(event);
        break;
      case 'block-cancelled':
        this.#cancelBlock(event);
        break;
      case 'job-started':
        this.#startJob(event);
        break;
      case 'job-proven':
        this.#proveJob(event);
        break;
      case 'job-failed':
        this.#failJob(event);
        break;
      case 'proof-lost':
        this.#loseProof(event);
        break;
      case 'tick':
        this.#wakeJobs();
        break;
    }
  }

  #addBlock({ blockId, tree, finished, ageRank }: EventOf<'block-added'>): void {
    if (this.#blocks.has(blockId)) return;
    const blocksMax = this.#options.blocksMax ?? BLOCKS_MAX;
    if (this.#blocks.size >= blocksMax) {
      throw new EspalierError('queue-full', `${this.#blocks.size} blocks are open, and ${blocksMax} may be`, {
        remedy: 'submit the block again when one of them has ended',
      });
    }
    const block = new BlockJobs(blockId, tree, ageRank, finished);
    this.#blocks.set(blockId, block);
    for (let job = 0; job < tree.size; job++) {
      // A crash between a proof and the deletion of its children leaves them behind.
      if (block.isStored(job) && !block.isProofNeeded(job)) this.#discardProof(block, job);
      if (!block.isProven(job) && block.waitingFor(job) === 0) this.#enqueue(block, job);
    }
    if (block.isProven(tree.root)) this.#endProven(block);
  }

  #cancelBlock({ blockId }: EventOf<'block-cancelled'>): void {
    const block = this.#blocks.get(blockId);
    if (block !== undefined) this.#close(block);
  }

  #startJob({ jobId, attempt }: EventOf<'job-started'>): void {
    if (attempt !== this.#histories.attempt(jobId)) return;
    for (const { block, job } of this.#holders(jobId)) {
      if (block.state(job) === 'ready') block.setState(job, 'leased', this.#nowMs);
    }
  }

  #proveJob({ jobId, attempt, wallMs }: EventOf<'job-proven'>): void {
    const holders = this.#holders(jobId);
    const open = holders.filter(({ block, job }) => !block.isProven(job));
    const [first] = open;
    if (first === undefined) {
      this.#discardLateProof(holders);
      return;
    }
    if (this.#histories.isVoid(jobId, attempt)) return;
    this.#estimates.observe(first.block.tree.circuit(first.job), wallMs);
    // A late result of an earlier attempt, or from before a restart: the present attempt has become needless.
    const isLate = attempt !== this.#histories.attempt(jobId);
    const states = open.map(({ block, job }) => block.state(job));
    if (states.includes('ready') || (isLate && states.includes('leased'))) this.#out.remove(jobId);
    this.#histories.stopWaiting(jobId);
    for (const { block, job } of open) {
      block.setState(job, 'proven', this.#nowMs);
      block.setStored(job, true);
      this.#out.report({ kind: 'report-proven', blockId: block.blockId, jobId });
    }
    // Only now, with the job proven for all of them, can each block tell what the others still need.
    for (const { block, job } of open) this.#climb(block, job);
  }

  /** A job has just been proven: what is below it is done with, and what is above it may be ready. */
  #climb(block: BlockJobs, job: number): void {
    this.#discardInputs(block, job);
    this.#coverChildren(block, job);
    const parent = block.tree.parent(job);
    if (parent < 0) {
      this.#endProven(block);
      return;
    }
    block.setWaitingFor(parent, block.waitingFor(parent) - 1);
    if (block.waitingFor(parent) === 0) this.#enqueue(block, parent);
  }

  /** Ends all work below a proven job and lets go of the proofs that it consumed. */
  #coverChildren(block: BlockJobs, proven: number): void {
    const uncovered = [proven];
    for (let above = uncovered.pop(); above !== undefined; above = uncovered.pop()) {
      for (const job of block.tree.childJobs(above)) {
        if (block.isProven(job)) {
          if (block.isStored(job)) this.#discardProof(block, job);
          continue;
        }
        this.#takeBack(block, job, 'proven');
        this.#discardInputs(block, job);
        uncovered.push(job);
      }
    }
  }

  /** A proof nobody needs any more was stored once again, by a late attempt. */
  #discardLateProof(holders: readonly Holder[]): void {
    for (const { block, job } of holders) {
      if (block.isStored(job)) continue;
      block.setStored(job, true);
      this.#discardProof(block, job);
    }
  }

  #failJob({ jobId, attempt, error }: EventOf<'job-failed'>): void {
    const holders = this.#holders(jobId).filter(({ block, job }) => block.isQueued(job));
    const [first] = holders;
    if (first === undefined || attempt !== this.#histories.attempt(jobId)) return;
    // The queue has dropped it, unless this is a leftover report from before the block was cancelled and added again.
    this.#out.remove(jobId);
    const failures = this.#histories.countFailure(jobId, error.code);
    const policy = retryPolicy(error.code, this.#options.retries);
    if (failures > policy.retries) {
      this.#failBlocks(holders, jobId, exhausted(jobId, error, failures));
      return;
    }
    const delayMs = backoffMs(policy, failures);
    this.#histories.begin(jobId).wakeAtMs = this.#nowMs + delayMs;
    this.#timers.add(this.#nowMs + delayMs, jobId);
    for (const { block, job } of holders) {
      block.setState(job, 'backoff', this.#nowMs);
      this.#out.report({ kind: 'report-retry', blockId: block.blockId, jobId, attempt, error, delayMs });
    }
    if (MAY_BE_STORED.includes(error.code)) this.#out.checkStored(first.block.blockId, jobId);
  }

  #wakeJobs(): void {
    for (const { jobId, atMs } of this.#timers.takeDue(this.#nowMs)) {
      if (this.#histories.find(jobId)?.wakeAtMs !== atMs) continue;
      const holders = this.#holders(jobId).filter(({ block, job }) => block.state(job) === 'backoff');
      this.#histories.stopWaiting(jobId);
      for (const { block, job } of holders) block.setState(job, 'blocked', this.#nowMs);
      for (const { block, job } of holders) this.#enqueue(block, job);
    }
  }

  #loseProof({ jobId }: EventOf<'proof-lost'>): void {
    const stored = this.#holders(jobId).filter(({ block, job }) => block.isProven(job) && block.isStored(job));
    for (const { block, job } of stored) block.setStored(job, false);
    const holders = stored.filter(({ block, job }) => block.isProofNeeded(job));
    if (holders.length === 0) return;
    const failures = this.#histories.countFailure(jobId, 'store-corrupt');
    if (failures > retryPolicy('store-corrupt', this.#options.retries).retries) {
      const error: SerializedError = {
        code: 'store-corrupt',
        message: `the stored proof of ${jobId} was lost ${failures} times`,
        remedy: 'check the disk or the storage service, then run the same command again',
      };
      this.#failBlocks(holders, jobId, error);
      return;
    }
    for (const { block, job } of holders) {
      const parent = block.tree.parent(job);
      this.#takeBack(block, parent, 'blocked');
      block.setWaitingFor(parent, block.waitingFor(parent) + 1);
    }
    const revived = holders.flatMap((holder) => this.#revive(holder));
    for (const { block, job } of revived) if (block.waitingFor(job) === 0) this.#enqueue(block, job);
  }

  /** A proven job must be proven again, and so must those below it whose proofs are gone. Returns them all. */
  #revive({ block, job: lost }: Holder): readonly Holder[] {
    const revived = [lost];
    // The list grows while it is walked.
    for (const job of revived) {
      const jobId = block.tree.jobId(job);
      // Where another block is proving it already, the attempt under way is no old one.
      if (!this.#twins(block, jobId).some(isUnderWay)) {
        this.#histories.voidAttempts(jobId);
        // Its proof may have been reported by a worker whose lease the queue has not ended yet.
        this.#out.remove(jobId);
      }
      block.setState(job, 'blocked', this.#nowMs);
      block.countMissingChildren(job);
      this.#out.restoreInputs(block.blockId, jobId);
      revived.push(...block.tree.childJobs(job).filter((child) => !block.isStored(child)));
    }
    return revived.map((job) => ({ block, job }));
  }

  /** Makes a blocked job ready, or whatever it is already in another block that shares it. */
  #enqueue(block: BlockJobs, job: number): void {
    const jobId = block.tree.jobId(job);
    const twin = this.#twins(block, jobId).find(isUnderWay);
    block.setState(job, twin?.block.state(twin.job) ?? 'ready', this.#nowMs);
    if (twin !== undefined) return;
    this.#out.enqueue({
      job: block.tree.job(job, block.blockId, this.#options.resourceClassOf),
      attempt: this.#histories.nextAttempt(jobId),
      order: [block.ageRank, -remainingPathOf(block.tree, job, this.#estimates.of)],
    });
  }

  /** Stops work on a job that is not proven and puts it into another state. */
  #takeBack(block: BlockJobs, job: number, state: 'blocked' | 'proven'): void {
    const before = block.state(job);
    block.setState(job, state, this.#nowMs);
    if (before === 'blocked') return;
    const jobId = block.tree.jobId(job);
    if (this.#twins(block, jobId).some(isUnderWay)) return;
    this.#histories.begin(jobId).wakeAtMs = undefined;
    if (before !== 'backoff') this.#out.remove(jobId);
  }

  #discardProof(block: BlockJobs, job: number): void {
    if (this.#options.keepProofs === true) return;
    block.setStored(job, false);
    const jobId = block.tree.jobId(job);
    const twins = this.#twins(block, jobId);
    if (!twins.some((twin) => twin.block.isProofNeeded(twin.job))) this.#out.deleteProof(jobId);
  }

  #discardInputs(block: BlockJobs, job: number): void {
    const jobId = block.tree.jobId(job);
    if (this.#twins(block, jobId).every((twin) => twin.block.isProven(twin.job))) this.#out.deleteInputs(jobId);
  }

  #failBlocks(holders: readonly Holder[], jobId: JobId, error: SerializedError): void {
    for (const { block } of holders) {
      this.#close(block);
      this.#out.end({ kind: 'block-failed', blockId: block.blockId, jobId, error });
    }
  }

  #endProven(block: BlockJobs): void {
    this.#close(block);
    this.#out.end({ kind: 'block-proven', blockId: block.blockId });
  }

  /** Forgets a block and takes out of the queue what only it wanted. */
  #close(block: BlockJobs): void {
    this.#blocks.delete(block.blockId);
    for (let job = 0; job < block.tree.size; job++) {
      if (!block.isQueued(job)) continue;
      const jobId = block.tree.jobId(job);
      if (!this.#twins(block, jobId).some(isUnderWay)) this.#out.remove(jobId);
    }
    this.#histories.forget((jobId) => this.#holders(jobId).length === 0);
    if (this.#blocks.size === 0) this.#timers.clear();
  }

  /** The open blocks that have this job. */
  #holders(jobId: JobId): Holder[] {
    const holders: Holder[] = [];
    for (const block of this.#blocks.values()) {
      const job = block.tree.indexOf(jobId);
      if (job >= 0) holders.push({ block, job });
    }
    return holders;
  }

  /** The same job in other open blocks. */
  #twins(block: BlockJobs, jobId: JobId): Holder[] {
    const twins: Holder[] = [];
    for (const other of this.#blocks.values()) {
      if (other === block || other.family !== block.family) continue;
      const job = other.tree.indexOf(jobId);
      if (job >= 0) twins.push({ block: other, job });
    }
    return twins;
  }

  /** The time to announce; undefined when there is none, or the shell knows it already. */
  #nextWake(ticked: boolean): number | undefined {
    const earliestMs = this.#timers.earliestMs;
    if (earliestMs === this.#announcedWakeMs && !ticked) return undefined;
    this.#announcedWakeMs = earliestMs;
    return earliestMs;
  }
}

/** In the queue or soon to be there again. */
function isUnderWay({ block, job }: Holder): boolean {
  return block.isQueued(job) || block.state(job) === 'backoff';
}

/** The reason to give for a job that failed for good. Trouble outside is given as it is: the job is not at fault. */
function exhausted(jobId: JobId, error: SerializedError, failures: number): SerializedError {
  if (failures === 1 || isTroubleOutside(error.code)) return error;
  return {
    code: 'attempts-exhausted',
    message: `${jobId} failed ${failures} times with ${error.code}; the last time: ${error.message}`,
    ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
  };
}
