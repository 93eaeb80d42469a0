import { setImmediate } from 'node:timers/promises';
import { type Clock, EspalierError, settledWithin, systemClock } from '../../common/index.js';
import {
  type BlockId,
  type JobHistoryRecord,
  type JobId,
  type JobReport,
  type ProofSummary,
  type QueuedJob,
  type RunEventBody,
  resourceClassOf,
} from '../../proto/index.js';
import type { BlockClaim } from '../../queue/index.js';
import { type BlockOutcome, type PrepareTools, plannedEvent, SchedulerShell, type ShellHost } from '../run/index.js';
import type { LevelSnapshot } from '../schedule/index.js';
import { addJobs } from './add-jobs.js';
import { Background } from './background.js';
import { BlockEndings } from './block-endings.js';
import { blockEventOf } from './block-event-of.js';
import { BlockNews } from './block-news.js';
import { type BlockOverview, overviewOf } from './block-overview.js';
import { BoardNotes } from './board-notes.js';
import { ClaimedBlock } from './claimed-block.js';
import { type ClusterPorts, patientPorts } from './cluster-ports.js';
import { CreditBook } from './credit-book.js';
import type { Ending } from './end-block.js';
import { FleetWatch } from './fleet-watch.js';
import { Forecaster } from './forecaster.js';
import { idleCapacity } from './idle-capacity.js';
import { JobBlobs } from './job-blobs.js';
import { largerClass } from './larger-class.js';
import type { OrchestratorOptions } from './orchestrator-options.js';
import { Patience } from './patience.js';
import { prepareClaimed, type ReadyBlock } from './prepare-claimed.js';
import { Reconciler } from './reconciler.js';
import { steadyVerifier } from './steady-verifier.js';
import { unlessUnusable } from './stored-outline.js';
import { sweepStray } from './sweep-stray.js';

const BLOCKS_MAX_DEFAULT = 16;
/** How often the board is told of progress, and the fleet, where it has changed, asked for idle room. */
const TICK_MS = 500;
/** How often the queue is asked for the jobs that should be there, and the board for blocks. */
const LOOK_MS = 3_000;
/** A pause of this process after which its blocks may be someone else's. */
const LAPSE_MS = 2_000;
/** How long `stop` waits for what is under way. */
const STOP_MS = 700;
/** How long it tries to note who proved what. Whoever comes next finds most of it in the store. */
const FLUSH_MS = 300;

/**
 * Drives the blocks of a cluster that this process owns (`ClaimedBlock` says through which states): one scheduler for all
 * of them, in the same shell as a single block on one machine.
 *
 * It is *idle* until `start`, then *working*, and *stopped* after `stop`. Everything it knows may be lost at any moment:
 * whoever claims its blocks next goes on from the store, the board and the queue. It acts for a block only while it owns
 * it: a call that the board answers with `lease-lost` drops the block at once, and the rest of it is the new owner's.
 */
export class Orchestrator implements ShellHost {
  readonly #options: OrchestratorOptions;
  readonly #tools: PrepareTools;
  readonly #clock: Clock;
  readonly #ports: ClusterPorts;
  readonly #queuePatience: Patience;
  readonly #shell: SchedulerShell;
  readonly #credits: CreditBook;
  readonly #notes: BoardNotes;
  readonly #blobs: JobBlobs;
  readonly #endings: BlockEndings;
  readonly #reconciler: Reconciler;
  readonly #stopping = new AbortController();
  readonly #blocks = new Map<BlockId, ClaimedBlock>();
  readonly #cleanups: (() => void)[] = [];
  readonly #background = new Background((thrown) => this.#report(EspalierError.from(thrown)));
  readonly #fleet: FleetWatch;
  readonly #forecaster: Forecaster;
  #lastTickMs = 0;
  #mayHaveLapsed = false;
  #confirmed: Promise<unknown> = Promise.resolve();
  #ended: Promise<void> | undefined;

  constructor(options: OrchestratorOptions) {
    const { profile, keepProofs = false, scheduling, blocksMax = BLOCKS_MAX_DEFAULT } = options;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#tools = { ...options.tools, prover: steadyVerifier(options.tools.prover) };
    const { signal } = this.#stopping;
    const patience = () => new Patience({ signal, onFault: (error) => this.#report(error) });
    this.#queuePatience = patience();
    this.#ports = patientPorts(options, { queue: this.#queuePatience, store: patience() });
    this.#shell = new SchedulerShell({
      scheduling: {
        ...scheduling,
        keepProofs,
        blocksMax,
        resourceClassOf: (circuit) => resourceClassOf(profile, circuit),
        largerClass: (resourceClass) => largerClass(profile, resourceClass),
      },
      queue: this.#ports.queue,
      add: (wanted) => this.#add(wanted),
      checksRoots: true,
      proofs: this.#ports.proofs,
      clock: this.#clock,
      host: this,
    });
    this.#credits = new CreditBook(this.#ports.owner, (block, thrown) => this.#onOwnerError(block, thrown));
    this.#notes = new BoardNotes({ owner: this.#ports.owner, clock: this.#clock });
    this.#blobs = new JobBlobs(this.#ports.proofs, this.#tools);
    this.#fleet = new FleetWatch(this.#ports.fleet, (error) => this.#report(error));
    this.#forecaster = new Forecaster({
      clock: this.#clock,
      fleet: this.#fleet,
      forecast: (view) => this.#shell.forecast(view),
      onEvent: (blockId, event) => this.onEvent(blockId, event),
    });
    this.#endings = new BlockEndings({
      ports: this.#ports,
      tools: this.#tools,
      clock: this.#clock,
      keepProofs,
      signal,
      blocks: () => this.#blocks.values(),
      confirm: (block) => this.#notes.note(block),
      provide: (prepared, jobId) => this.#blobs.put(prepared, jobId),
      settled: async ({ prepared }) => {
        if (prepared !== undefined) await this.#shell.settled(prepared);
        await this.#credits.flush();
      },
      onGone: (block) => this.#forget(block),
      onEvent: (blockId, event) => this.onEvent(blockId, event),
      onFault: (error) => this.#report(error),
    });
    this.#reconciler = new Reconciler(this.#shell, this.#ports.queue);
  }

  /** Begins to claim blocks and to drive them. */
  start(): void {
    const { queue, owner, fleet } = this.#options;
    this.#lastTickMs = this.#clock.monotonicMs();
    const ticker = setInterval(() => this.#tick(), TICK_MS);
    const looker = setInterval(() => {
      this.#look();
      this.#background.ask('reconciling', () => this.#reconciler.look());
    }, LOOK_MS);
    this.#cleanups.push(
      queue.onReport((report) => this.#shell.report(report)),
      owner.onChange(() => {
        this.#queuePatience.hurry();
        this.#look();
      }),
      fleet.onChange(() => this.#fleet.noteChange()),
      () => clearInterval(ticker),
      () => clearInterval(looker),
    );
    void this.#drive();
    this.#look();
  }

  /**
   * Gives its blocks back to the board, for others to claim at once, and leaves their jobs in the queue. Resolves within
   * two seconds, whatever is away. Idempotent.
   */
  stop(): Promise<void> {
    this.#ended ??= this.#end();
    return this.#ended;
  }

  async #end(): Promise<void> {
    const told = [...this.#blocks.values()].map(({ news }) => news.idle());
    await settledWithin(Promise.all([this.#credits.flush(), ...told]), FLUSH_MS);
    this.#stopping.abort();
    for (const cleanUp of this.#cleanups) cleanUp();
    for (const block of this.#blocks.values()) block.enter('dropped');
    await settledWithin(this.#shell.close(), STOP_MS);
    await settledWithin(this.#options.owner.close(), STOP_MS);
  }

  /** What it owns at this moment. */
  overview(): readonly BlockOverview[] {
    return [...this.#blocks.values()].map((block) => overviewOf(block, (id) => this.#shell.snapshot(id)?.levels));
  }

  // What comes and goes.

  /** Claims what there is to claim, and cancels what is to be cancelled. */
  #look(): void {
    this.#background.ask('claiming', async () => {
      const { blocksMax = BLOCKS_MAX_DEFAULT } = this.#options;
      for (const claim of await this.#ports.owner.claim(blocksMax)) this.#take(claim);
      for (const blockId of await this.#ports.owner.cancelled()) this.#cancel(blockId);
    });
  }

  #take(claim: BlockClaim): void {
    if (this.#stopping.signal.aborted) return;
    // An earlier claim to it must have been lost.
    this.#drop(claim.blockId);
    const block: ClaimedBlock = new ClaimedBlock(
      claim,
      new BlockNews({
        epoch: claim.token,
        clock: this.#clock,
        publish: (chunk) => this.#ports.owner.publish(claim, chunk),
        onFault: (thrown) => this.#onOwnerError(block, thrown),
      }),
    );
    this.#blocks.set(claim.blockId, block);
    this.#options.onClaimed?.(claim, block.whenGone);
    this.#background.ask('preparing', () => this.#prepareWaiting());
  }

  async #prepareWaiting(): Promise<void> {
    for (;;) {
      const waiting = [...this.#blocks.values()].filter(({ state }) => state === 'waiting');
      const [oldest] = waiting.sort((a, b) => a.claim.ageRank - b.claim.ageRank);
      if (oldest === undefined || !this.#hasRoom()) return;
      await this.#prepare(oldest);
    }
  }

  /** Whether the scheduler may have one more block. More may be claimed: those of a family stay together. */
  #hasRoom(): boolean {
    const { blocksMax = BLOCKS_MAX_DEFAULT } = this.#options;
    return [...this.#blocks.values()].filter(({ state }) => state === 'proving').length < blocksMax;
  }

  async #prepare(block: ClaimedBlock): Promise<void> {
    block.enter('preparing');
    try {
      const result = await this.#ports.blocks.getResult(block.id).catch(unlessUnusable);
      if (result?.submittedAtMs === block.claim.submittedAtMs) {
        block.enter('ending');
        this.#endings.finish(block, result);
        return;
      }
      const ready = await prepareClaimed(block, {
        ports: this.#ports,
        tools: this.#tools,
        onChecked: async () => {
          block.checked = true;
          await this.#notes.note(block);
        },
        onEvent: (event) => this.onEvent(block.id, event),
      });
      if (block.state === 'preparing') this.#prove(block, ready);
    } catch (thrown) {
      if (block.state !== 'preparing') return;
      const error = EspalierError.from(thrown);
      if (error.code === 'lease-lost') this.#drop(block.id);
      else this.#endAs(block, { state: 'failed', error: error.toSerialized(), failedJob: null });
    }
  }

  #prove(block: ClaimedBlock, { prepared, stored, found, credits, histories, kept }: ReadyBlock): void {
    for (const { jobId, message } of found.unsound) this.onEvent(block.id, { kind: 'proof-corrupt', jobId, message });
    for (const summary of credits) this.#credits.note(block, summary);
    for (const jobId of block.provenMeanwhile) {
      const job = prepared.tree.indexOf(jobId);
      if (job >= 0) found.finished.add(job);
    }
    block.prepared = prepared;
    block.startedMs = this.#clock.monotonicMs();
    this.onEvent(block.id, plannedEvent(prepared, found.finished, this.#tools.prover.identity));
    block.enter('proving');
    const { ageRank } = block.claim;
    this.#shell.add({ prepared, stored }, { finished: found.finished, ageRank, histories, kept });
  }

  #cancel(blockId: BlockId): void {
    const block = this.#blocks.get(blockId);
    const ending: Ending = { state: 'cancelled', error: null, failedJob: null };
    if (block?.state === 'proving') this.#takeBack(block, ending);
    else if (block?.isPrepared === false) this.#endAs(block, ending);
  }

  /** Takes a block out of the scheduler's hands. */
  #takeBack(block: ClaimedBlock, ending: Ending): void {
    this.#shell.cancel(block.id, () => {
      if (block.state === 'proving') this.#endAs(block, ending);
    });
  }

  #endAs(block: ClaimedBlock, ending: Ending): void {
    block.enter('ending');
    this.#background.ask('preparing', () => this.#prepareWaiting());
    this.#endings.end(block, ending);
  }

  #forget(block: ClaimedBlock): void {
    block.enter('dropped');
    if (this.#blocks.get(block.id) === block) this.#blocks.delete(block.id);
    this.#look();
  }

  /** The block is someone else's: nothing more is done for it. */
  #drop(blockId: BlockId): void {
    const block = this.#blocks.get(blockId);
    if (block === undefined) return;
    this.#blocks.delete(blockId);
    block.enter('dropped');
    this.#shell.drop(blockId);
    this.#background.ask('preparing', () => this.#prepareWaiting());
  }

  #onOwnerError(block: ClaimedBlock, thrown: unknown): void {
    if (this.#stopping.signal.aborted) return;
    const error = EspalierError.from(thrown);
    if (error.code !== 'lease-lost') this.#report(error);
    else if (this.#blocks.get(block.id) === block) this.#drop(block.id);
  }

  // What goes on all the time.

  async #drive(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      await this.#shell.step().catch((thrown) => this.#report(EspalierError.from(thrown)));
    }
  }

  #tick(): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#lastTickMs > LAPSE_MS) this.#mayHaveLapsed = true;
    this.#lastTickMs = nowMs;
    this.#forecaster.look(this.#blocks.values(), nowMs);
    this.#background.ask('telling', async () => {
      const blocks = [...this.#blocks.values()].filter((block) => this.#notes.isDue(block, nowMs));
      await Promise.all([this.#credits.flush(), ...blocks.map((block) => this.#noteOrDrop(block))]);
    });
    this.#background.ask('measuring', () => this.#measureIdle(nowMs));
  }

  async #measureIdle(nowMs: number): Promise<void> {
    const hasLooked = await this.#fleet.look(nowMs, () => this.#shell.supply.queued().length);
    if (hasLooked) this.#shell.post({ kind: 'capacity', idle: idleCapacity(this.#fleet.workers) });
  }

  async #noteOrDrop(block: ClaimedBlock): Promise<void> {
    await this.#notes.note(block).catch((thrown) => this.#onOwnerError(block, thrown));
  }

  #report(error: EspalierError): void {
    if (this.#stopping.signal.aborted) return;
    if (this.#options.onFault) this.#options.onFault(error);
    else process.emitWarning(error.toLine(), { type: 'OrchestratorFault', code: error.code });
  }

  // What the shell asks of its host.

  /** After a pause of this process nothing is done for a block before the board has said that it is still ours. */
  async beforeEvent(): Promise<void> {
    if (this.#mayHaveLapsed || this.#clock.monotonicMs() - this.#lastTickMs > LAPSE_MS) {
      this.#mayHaveLapsed = false;
      this.#lastTickMs = this.#clock.monotonicMs();
      const proving = [...this.#blocks.values()].filter(({ state }) => state === 'proving');
      this.#confirmed = Promise.all(proving.map((block) => this.#noteOrDrop(block)));
    }
    await this.#confirmed;
  }

  #add(wanted: () => readonly QueuedJob[]): Promise<void> {
    const confirm = () => this.beforeEvent();
    const traced = () => wanted().map((queued) => this.#traced(queued));
    return addJobs(traced, { queue: this.#options.queue, patience: this.#queuePatience, confirm });
  }

  #traced(queued: QueuedJob): QueuedJob {
    const parent = this.#blocks.get(queued.job.blockId)?.trace;
    return parent === undefined ? queued : { ...queued, trace: { parent, queuedAtMs: this.#clock.nowMs() } };
  }

  async provide({ job: { id } }: QueuedJob): Promise<void> {
    await this.beforeEvent();
    const prepared = this.#shell.blockOf(id)?.block.prepared;
    // Making inputs takes the processor for a moment: others shall have their turn.
    await setImmediate();
    if (prepared !== undefined) await this.#blobs.put(prepared, id);
  }

  deleteInputs(jobId: JobId): Promise<void> {
    return this.#blobs.delete(jobId);
  }

  /** Who made the proofs that others replace is known to the board before they are gone. */
  async beforeDeletion(jobId: JobId): Promise<void> {
    await this.#credits.flush();
    // What an ended block leaves is swept up when its result is written; a dropped one's is no business of ours.
    if (this.#shell.blockOf(jobId) === undefined)
      throw new EspalierError('lease-lost', `job ${jobId} has no block here`);
  }

  accept(blockId: BlockId, summary: ProofSummary): undefined {
    const block = this.#blocks.get(blockId);
    if (block === undefined) return;
    block.proven += 1;
    this.#credits.note(block, summary);
    for (const other of this.#blocks.values()) {
      const isRelative = other.claim.family === block.claim.family;
      if (isRelative && other.state === 'preparing') other.provenMeanwhile.push(summary.jobId);
    }
  }

  async remember(blockId: BlockId, histories: ReadonlyMap<JobId, JobHistoryRecord>): Promise<void> {
    const block = this.#blocks.get(blockId);
    if (block === undefined) return;
    await this.#ports.owner.remember(block.claim, histories).catch((thrown) => this.#onOwnerError(block, thrown));
  }

  drainWorker(workerId: string, reason: string): void {
    this.#report(new EspalierError('proof-invalid', `worker ${workerId} takes no more jobs: ${reason}`));
    this.#ports.fleet.drain(workerId, reason).catch((thrown) => this.#report(EspalierError.from(thrown)));
  }

  onEvent(blockId: BlockId, event: RunEventBody): void {
    this.#options.onEvent?.(blockId, event);
    const block = this.#blocks.get(blockId);
    const told = block === undefined ? undefined : blockEventOf(event, block.prepared?.lineageSeed);
    if (told !== undefined) block?.news.tell(told);
  }

  onRecount(blockId: BlockId, levels: readonly LevelSnapshot[]): void {
    this.#blocks
      .get(blockId)
      ?.news.tell({ kind: 'recounted', levels: levels.map(({ waiting: _, ...level }) => level) });
  }

  onEnd(blockId: BlockId, outcome: BlockOutcome): void {
    const block = this.#blocks.get(blockId);
    if (block?.state !== 'proving') return;
    if (outcome === 'proven') this.#endAs(block, { state: 'proven', error: null, failedJob: null });
    else this.#endAs(block, { state: 'failed', error: outcome.error, failedJob: outcome.jobId });
  }

  onStray(report: JobReport & { readonly kind: 'late' }): void {
    const block = this.#blocks.get(report.blockId);
    // What it leaves behind may have been swept up just before this proof was stored.
    const ended = block?.state === 'ending' ? block.whenGone : Promise.resolve();
    ended.then(() => sweepStray(report, this.#ports)).catch((thrown) => this.#report(EspalierError.from(thrown)));
  }

  onSupplyFault(jobs: readonly QueuedJob[], thrown: unknown): void {
    if (this.#stopping.signal.aborted) return;
    const error = EspalierError.from(thrown).toSerialized();
    for (const block of this.#blocks.values()) {
      const failed = jobs.find(({ job }) => (block.prepared?.tree.indexOf(job.id) ?? -1) >= 0);
      if (failed === undefined || block.state !== 'proving') continue;
      this.#takeBack(block, { state: 'failed', error, failedJob: failed.job.id });
    }
  }

  onCheckFault(thrown: unknown): void {
    this.#report(EspalierError.from(thrown));
  }
}
