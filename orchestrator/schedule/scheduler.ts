import type { ErrorCode, SerializedError } from '../../common/index.js';
import type { BlockId, JobHistoryRecord, JobId, ResourceClass } from '../../proto/index.js';
import type { JobCircuit } from '../plan/child-params.js';
import { remainingPathOf } from '../plan/paths.js';
import { BlockJobs, type JobState } from './block-jobs.js';
import { CommandBuffer } from './command-buffer.js';
import { Discards } from './discards.js';
import { DEFAULT_DURATIONS_MS, DurationEstimates } from './duration-estimates.js';
import type { AddedBlock, BlockSnapshot, SchedulerCommand, SchedulerEvent } from './events.js';
import { lostAgainAndAgain, tooManyBlocks } from './final-errors.js';
import { type BlockForecast, type ForecastView, forecastBlocks } from './forecast.js';
import { JobFailures } from './job-failures.js';
import { JobHistories, recordOf } from './job-histories.js';
import { type Holder, isUnderWay, OpenBlocks } from './open-blocks.js';
import { retryPolicy } from './retry-policy.js';
import { BLOCKS_MAX, type SchedulerOptions } from './scheduler-options.js';
import { STRAGGLER_POLICY, Stragglers } from './stragglers.js';
import { Timers } from './timers.js';

/** Failures whose cause may be what is stored: a child's proof that is damaged, or false. */
const MAY_BE_STORED: readonly ErrorCode[] = ['store-corrupt', 'proof-invalid'];

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
 * - *leased*: a worker proves it. Ends with its report: proven, or failed. Or when it takes too long while others have
 *   nothing to do: ready again as the next attempt, and whoever proves it goes on (`stragglers.ts`).
 * - *backoff*: failed for a reason that may pass; not in the queue. Ends at its wake time: ready again, as the next
 *   attempt. How often is a matter of budgets by kind of failure (`retry-policy.ts`); beyond them the block fails.
 * - *proven*: needs no more proving: its own proof was durable, or that of a job above it is. Ends only when its proof
 *   is lost while something still needs it: blocked again, and with it every job below whose proof is gone too.
 *
 * From any state a job becomes proven as soon as a valid proof of it is durable, whoever made it: the first one wins,
 * other attempts are taken out of the queue, and so is everything below it that was still to do. (After a proof was lost,
 * only attempts begun since then count: a late report of an earlier one may speak of the lost proof.) A ready, leased or
 * backoff job whose child's proof is lost is blocked again. Failures count only when they are the present attempt's.
 *
 * A block is open from `block-added` until its root is proven, one of its jobs failed for good, or it was cancelled:
 * *failed* and *cancelled* are ends of a whole block, which takes its jobs out of the queue and is forgotten.
 *
 * A scheduler may die, and leaves its jobs in the queue. The next one is given the blocks again with what was remembered
 * of their jobs (`job-histories.ts`); it takes all that could be queued for queued, and a job in backoff waits no more.
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
  readonly #blocks = new OpenBlocks();
  readonly #histories = new JobHistories();
  readonly #timers = new Timers();
  readonly #estimates: DurationEstimates;
  readonly #stragglers: Stragglers;
  readonly #out = new CommandBuffer();
  readonly #failures: JobFailures;
  readonly #discards: Discards;
  /** Whose counts are others than what was reported says. */
  readonly #recounted = new Set<BlockJobs>();
  #nowMs = 0;
  #announcedWakeMs: number | undefined;

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#estimates = new DurationEstimates(options.durationsMs ?? DEFAULT_DURATIONS_MS);
    const policy = { ...STRAGGLER_POLICY, ...options.stragglers };
    this.#stragglers = new Stragglers(policy, this.#estimates, options.resourceClassOf);
    this.#failures = new JobFailures(this.#histories, options.retries);
    this.#discards = new Discards(this.#blocks, this.#out, options.keepProofs === true);
  }

  /** Throws `queue-full` for a block too many, having changed nothing. */
  handle(event: SchedulerEvent): readonly SchedulerCommand[] {
    this.#out.clear();
    if (this.#recounted.size > 0) this.#recounted.clear();
    this.#nowMs = event.nowMs;
    this.#dispatch(event);
    if (this.#stragglers.isDue(event.nowMs)) this.#hedgeStragglers();
    this.#rememberChanges();
    this.#reportRecounted();
    return this.#out.take(this.#nextWake(event.kind === 'tick'));
  }

  /** undefined for a block that is not open. */
  snapshot(blockId: BlockId): BlockSnapshot | undefined {
    return this.#blocks.get(blockId)?.snapshot();
  }

  /** When the roots of all open blocks will land, by the durations learned so far. */
  forecast(view: ForecastView): ReadonlyMap<BlockId, BlockForecast> {
    const { resourceClassOf: classOf } = this.#options;
    return forecastBlocks(this.#blocks.values(), view, { durationOf: this.#estimates.of, classOf });
  }

  /** What a proof of a circuit is expected to take by now. */
  expectedDurationMs(circuit: JobCircuit): number {
    return this.#estimates.of(circuit);
  }

  #dispatch(event: SchedulerEvent): void {
    switch (event.kind) {
      case 'block-added':
        this.#addBlocks([event]);
        break;
      case 'blocks-added':
        this.#addBlocks(event.blocks);
        break;
      case 'block-cancelled':
        this.#cancelBlock(event);
        break;
      case 'job-started':
        this.#turn(event, 'ready', 'leased');
        break;
      case 'job-given-back':
        this.#turn(event, 'leased', 'ready');
        break;
      case 'job-proven':
        this.#proveJob(event);
        break;
      case 'job-failed':
        this.#failJob(event);
        break;
      case 'capacity':
        this.#stragglers.setIdle(event.idle, event.nowMs);
        break;
      case 'proof-lost':
        this.#loseProof(event);
        break;
      case 'tick':
        this.#wakeJobs();
        break;
    }
  }

  #addBlocks(blocks: readonly AddedBlock[]): void {
    const added = blocks.filter(({ blockId }) => this.#blocks.get(blockId) === undefined);
    const blocksMax = this.#options.blocksMax ?? BLOCKS_MAX;
    const isTooMany = added.length > 0 && this.#blocks.size + added.length > blocksMax;
    if (isTooMany) throw tooManyBlocks(this.#blocks.size, blocksMax);
    const open = added.map(({ blockId, tree, ageRank, finished, histories, kept }) => {
      const block = new BlockJobs(blockId, tree, ageRank, finished, kept);
      this.#blocks.add(block);
      this.#inherit(block, histories ?? new Map());
      return block;
    });
    for (const block of open) {
      for (let job = 0; job < block.tree.size; job++) {
        if (!block.isProven(job) && block.waitingFor(job) === 0) this.#enqueue(block, job);
      }
    }
    // Only now can each of them tell what the others need.
    for (const block of open) this.#cleanUp(block);
    for (const block of open) if (block.isProven(block.tree.root)) this.#endProven(block);
  }

  /** Goes on from what an earlier scheduler remembered, and tells the block what this one knows of jobs it shares. */
  #inherit(block: BlockJobs, histories: ReadonlyMap<JobId, JobHistoryRecord>): void {
    for (const [jobId, record] of histories) {
      if (block.tree.indexOf(jobId) < 0) continue;
      this.#histories.inherit(jobId, record, this.#twins(block, jobId).some(isUnderWay));
      block.withHistory.add(jobId);
    }
    for (const other of this.#blocks.relatives(block)) {
      for (const jobId of other.withHistory) if (block.tree.indexOf(jobId) >= 0) this.#histories.touch(jobId);
    }
  }

  /** What a crash between a proof and the deletion of what it needed leaves behind. */
  #cleanUp(block: BlockJobs): void {
    for (let job = 0; job < block.tree.size; job++) if (block.isStored(job)) this.#discards.unneeded(block, job);
    for (const jobId of block.withHistory) {
      const job = block.tree.indexOf(jobId);
      if (!block.isProven(job)) continue;
      // An attempt that another's proof made needless may have been left in the queue, its inputs and proof in the store.
      if (!this.#twins(block, jobId).some(isUnderWay)) this.#out.remove(jobId);
      this.#discards.unneeded(block, job);
    }
  }

  #cancelBlock({ blockId }: EventOf<'block-cancelled'>): void {
    const block = this.#blocks.get(blockId);
    if (block !== undefined) this.#close(block);
  }

  /** A worker began to prove a job, or has given it back. */
  #turn({ jobId, attempt }: EventOf<'job-started' | 'job-given-back'>, from: JobState, to: JobState): void {
    // A later attempt than is known is one that was not remembered. It is taken over when it ends: before that, the one
    // that is known may yet turn out to be what is in the queue.
    if (attempt < this.#histories.attempt(jobId)) return;
    const kind = to === 'leased' ? 'report-started' : 'report-given-back';
    for (const { block, job } of this.#holders(jobId)) {
      if (block.state(job) !== from) continue;
      block.setState(job, to, this.#nowMs);
      this.#out.report({ kind, blockId: block.blockId, jobId });
    }
    this.#stragglers.noteActivity(this.#nowMs);
  }

  #proveJob({ jobId, attempt, wallMs }: EventOf<'job-proven'>): void {
    const holders = this.#holders(jobId);
    const open = holders.filter(({ block, job }) => !block.isProven(job));
    const [first] = open;
    if (first === undefined) {
      this.#discards.lateProof(holders);
      return;
    }
    if (this.#histories.isVoid(jobId, attempt)) return;
    this.#estimates.observe(first.block.tree.circuit(first.job), wallMs);
    this.#histories.adopt(jobId, attempt);
    // Whoever proves it as well works in vain: the present attempt, where this was a late one; one that was detached.
    const mayRunElsewhere = (holder: Holder) =>
      holder.block.state(holder.job) === 'ready' || (isUnderWay(holder) && this.#histories.find(jobId) !== undefined);
    if (open.some(mayRunElsewhere)) this.#out.remove(jobId);
    this.#stragglers.noteActivity(this.#nowMs);
    this.#histories.stopWaiting(jobId);
    for (const { block, job } of open) {
      if (block.state(job) !== 'leased') this.#recounted.add(block);
      block.setState(job, 'proven', this.#nowMs);
      block.setStored(job, true);
      this.#out.report({ kind: 'report-proven', blockId: block.blockId, jobId });
    }
    // Only now, with the job proven for all of them, can each block tell what the others still need.
    for (const { block, job } of open) this.#climb(block, job);
  }

  /** A job has just been proven: what is below it is done with, and what is above it may be ready. */
  #climb(block: BlockJobs, job: number): void {
    this.#discards.inputs(block, job);
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
          if (block.isStored(job)) this.#discards.proof(block, job);
          continue;
        }
        this.#takeBack(block, job, 'proven');
        this.#discards.inputs(block, job);
        // A damaged proof may still be there.
        if (this.#histories.isVoid(block.tree.jobId(job), 1)) this.#discards.proof(block, job);
        uncovered.push(job);
      }
    }
  }

  #failJob({ jobId, attempt, error, workerId, wasStarted }: EventOf<'job-failed'>): void {
    const holders = this.#holders(jobId).filter(({ block, job }) => block.isQueued(job));
    const [first] = holders;
    if (first === undefined) return;
    if (attempt < this.#histories.attempt(jobId)) return;
    this.#histories.adopt(jobId, attempt);
    // The queue has dropped it, unless this is a leftover report from before the block was cancelled and added again.
    // A straggler that was detached goes on: it may well be the first to prove the job.
    if (this.#histories.endAttempt(jobId).hedged) this.#out.detach(jobId);
    else this.#out.remove(jobId);
    this.#countFault(workerId, error.code);
    const diedWithIt =
      error.code === 'lease-lost' && (wasStarted ?? holders.some(({ block, job }) => block.state(job) === 'leased'));
    const verdict = this.#failures.judge({ jobId, error, workerId, diedWithIt });
    if ('final' in verdict) {
      this.#failBlocks(holders, jobId, verdict.final);
      return;
    }
    if (error.code === 'out-of-memory') this.#escalate(first, jobId);
    const { delayMs } = verdict;
    this.#histories.wait(jobId, this.#nowMs + delayMs);
    this.#timers.add(this.#nowMs + delayMs, jobId);
    for (const { block, job } of holders) {
      if (block.state(job) !== 'leased') this.#recounted.add(block);
      block.setState(job, 'backoff', this.#nowMs);
      this.#out.report({ kind: 'report-retry', blockId: block.blockId, jobId, attempt, error, delayMs });
    }
    if (MAY_BE_STORED.includes(error.code)) this.#out.checkStored(first.block.blockId, jobId);
  }

  #countFault(workerId: string | undefined, fault: ErrorCode): void {
    const reason = this.#failures.countFault(workerId, fault);
    if (workerId !== undefined && reason !== undefined) this.#out.drainWorker(workerId, reason);
  }

  /** From its next attempt on the job has more memory, where there is any. */
  #escalate(holder: Holder, jobId: JobId): void {
    const larger = this.#options.largerClass?.(this.#classOf(holder));
    if (larger !== undefined) this.#histories.escalate(jobId, larger);
  }

  /** Jobs that take too long are queued once more, while those who prove them go on. */
  #hedgeStragglers(): void {
    const stragglers = this.#stragglers.find({
      nowMs: this.#nowMs,
      blocks: this.#blocks.values(),
      classOf: (holder) => this.#classOf(holder),
      isHedged: (jobId) => this.#histories.find(jobId)?.hedged === true,
      isPresent: (jobId, attempt) =>
        attempt === this.#histories.attempt(jobId) && this.#holders(jobId).some(isUnderWay),
    });
    for (const jobId of stragglers) {
      this.#out.detach(jobId);
      this.#stragglers.hedge(jobId, this.#histories.hedge(jobId));
      const holders = this.#holders(jobId).filter(({ block, job }) => block.isQueued(job));
      for (const { block, job } of holders) {
        block.setState(job, 'blocked', this.#nowMs);
        this.#recounted.add(block);
      }
      for (const { block, job } of holders) this.#enqueue(block, job);
    }
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

  #loseProof({ jobId, falseBy }: EventOf<'proof-lost'>): void {
    this.#countFault(falseBy, 'proof-invalid');
    const stored = this.#holders(jobId).filter(({ block, job }) => block.isProven(job) && block.isStored(job));
    for (const { block, job } of stored) block.setStored(job, false);
    const holders = stored.filter(({ block, job }) => block.isProofNeeded(job));
    if (holders.length === 0) return;
    const failures = this.#histories.countFailure(jobId, 'store-corrupt');
    if (failures > retryPolicy('store-corrupt', this.#options.retries).retries) {
      this.#failBlocks(holders, jobId, lostAgainAndAgain(jobId, failures));
      return;
    }
    for (const { block, job } of holders) {
      const parent = block.tree.parent(job);
      this.#takeBack(block, parent, 'blocked');
      block.setWaitingFor(parent, block.waitingFor(parent) + 1);
    }
    const voided = new Set<JobId>();
    const revived = holders.flatMap((holder) => this.#revive(holder, voided));
    for (const { block, job } of revived) if (block.waitingFor(job) === 0) this.#enqueue(block, job);
  }

  /**
   * A proven job must be proven again, and so must those below it whose proofs are gone. Returns them all. `voided`: whose
   * earlier attempts do not count any more, since another block lost the same proof.
   */
  #revive({ block, job: lost }: Holder, voided: Set<JobId>): readonly Holder[] {
    const revived = [lost];
    // The list grows while it is walked.
    for (const job of revived) {
      const jobId = block.tree.jobId(job);
      // Where another block is proving it already, the attempt under way is no old one.
      if (!voided.has(jobId) && !this.#twins(block, jobId).some(isUnderWay)) {
        voided.add(jobId);
        this.#histories.voidAttempts(jobId);
        // Its proof may have been reported by a worker whose lease the queue has not ended yet.
        this.#out.remove(jobId);
      }
      block.setState(job, 'blocked', this.#nowMs);
      this.#recounted.add(block);
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
    const state = twin?.block.state(twin.job) ?? 'ready';
    block.setState(job, state, this.#nowMs);
    if (state === 'leased') this.#recounted.add(block);
    if (twin !== undefined) return;
    this.#out.enqueue({
      job: block.tree.job(job, block.blockId, () => this.#classOf({ block, job })),
      attempt: this.#histories.attempt(jobId),
      order: [block.ageRank, -remainingPathOf(block.tree, job, this.#estimates.of)],
    });
  }

  /** Stops work on a job that is not proven and puts it into another state. */
  #takeBack(block: BlockJobs, job: number, state: 'blocked' | 'proven'): void {
    const before = block.state(job);
    block.setState(job, state, this.#nowMs);
    if (before === 'leased' || state === 'proven') this.#recounted.add(block);
    if (before === 'blocked') return;
    const jobId = block.tree.jobId(job);
    if (this.#twins(block, jobId).some(isUnderWay)) return;
    this.#histories.stopWaiting(jobId);
    if (before !== 'backoff') this.#histories.endAttempt(jobId);
    // Also one in backoff may have a holder: the first attempt at a straggler, when the second failed.
    this.#out.remove(jobId);
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
    this.#blocks.delete(block);
    if (block.kept.length > 0) for (const other of this.#blocks.relatives(block)) other.keepAlso(block.kept);
    for (let job = 0; job < block.tree.size; job++) {
      if (!isUnderWay({ block, job })) continue;
      const jobId = block.tree.jobId(job);
      if (!this.#twins(block, jobId).some(isUnderWay)) this.#out.remove(jobId);
    }
    for (const jobId of block.withHistory) if (this.#twins(block, jobId).length === 0) this.#histories.forget(jobId);
    if (this.#blocks.size === 0) this.#timers.clear();
  }

  #reportRecounted(): void {
    for (const block of this.#recounted) {
      const { blockId } = block;
      if (this.#blocks.get(blockId) !== block) continue;
      this.#out.report({ kind: 'report-recounted', blockId, levels: block.snapshot().levels });
    }
  }

  /** What changed in this event is to outlive the scheduler, for each block that is still open. */
  #rememberChanges(): void {
    for (const jobId of this.#histories.takeChanged()) {
      const history = this.#histories.find(jobId);
      if (history === undefined) continue;
      const holders = this.#holders(jobId);
      if (holders.length === 0) this.#histories.forget(jobId);
      for (const { block } of holders) {
        block.withHistory.add(jobId);
        this.#out.remember(block.blockId, jobId, recordOf(history));
      }
    }
  }

  /** The class that a job is proven on: its circuit's, or a larger one since it ran out of memory. */
  #classOf({ block, job }: Holder): ResourceClass {
    const history = block.withHistory.size > 0 ? this.#histories.find(block.tree.jobId(job)) : undefined;
    return history?.escalatedTo ?? this.#options.resourceClassOf(block.tree.circuit(job));
  }

  #holders(jobId: JobId): Holder[] {
    return this.#blocks.holders(jobId);
  }

  #twins(block: BlockJobs, jobId: JobId): readonly Holder[] {
    return this.#blocks.twins(block, jobId);
  }

  /** The time to announce; undefined when there is none, or the shell knows it already. */
  #nextWake(ticked: boolean): number | undefined {
    const earliestMs = earlier(this.#timers.earliestMs, this.#stragglers.nextLookMs);
    if (earliestMs === this.#announcedWakeMs && !ticked) return undefined;
    this.#announcedWakeMs = earliestMs;
    return earliestMs;
  }
}

function earlier(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
}
