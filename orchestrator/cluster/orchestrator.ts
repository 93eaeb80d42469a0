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
import type { BlockClaim, BlockProgress } from '../../queue/index.js';
import {
  type BlockOutcome,
  ClientProofs,
  clientProofIdOf,
  type PreparedBlock,
  type PrepareTools,
  plannedEvent,
  SchedulerShell,
  type ShellHost,
} from '../run/index.js';
import { addJobs } from './add-jobs.js';
import { Background } from './background.js';
import { ClaimedBlock } from './claimed-block.js';
import { type ClusterPorts, patientPorts } from './cluster-ports.js';
import { CreditBook } from './credit-book.js';
import { EmptyFleet } from './empty-fleet.js';
import { type EndBlockOptions, type Ending, endBlock, finishBlock } from './end-block.js';
import { idleCapacity } from './idle-capacity.js';
import { largerClass } from './larger-class.js';
import { isOfTree } from './leftovers.js';
import type { OrchestratorOptions } from './orchestrator-options.js';
import { Patience } from './patience.js';
import { prepareClaimed, type ReadyBlock } from './prepare-claimed.js';
import { unlessUnusable } from './read-stored-block.js';
import { Reconciler } from './reconciler.js';
import { steadyVerifier } from './steady-verifier.js';
import { sweepStray } from './sweep-stray.js';

const BLOCKS_MAX_DEFAULT = 16;
/** How often the board is told of progress, and the fleet, where it has changed, asked for idle room. */
const TICK_MS = 500;
/** How often the board is asked whether a block is still ours, where there is nothing to tell. */
const CONFIRM_MS = 2_000;
/** How often the fleet is asked for idle room: workers that died are not heard of. */
const MEASURE_MS = 2_000;
/** How often the queue is asked for the jobs that should be there, and the board for blocks. */
const LOOK_MS = 3_000;
/** A pause of this process after which its blocks may be someone else's. */
const LAPSE_MS = 2_000;
/** How long `stop` waits for what is under way. */
const STOP_MS = 700;
/** How long it tries to note who proved what. Whoever comes next finds most of it in the store. */
const FLUSH_MS = 300;
const RETRY_END_MS = 5_000;

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
  readonly #reconciler: Reconciler;
  readonly #stopping = new AbortController();
  readonly #blocks = new Map<BlockId, ClaimedBlock>();
  readonly #cleanups: (() => void)[] = [];
  readonly #background = new Background((thrown) => this.#report(EspalierError.from(thrown)));
  readonly #emptyFleet = new EmptyFleet((error) => this.#report(error));
  #fleetChanged = true;
  #measuredMs = 0;
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
      fleet.onChange(() => {
        this.#fleetChanged = true;
      }),
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
    await settledWithin(this.#credits.flush(), FLUSH_MS);
    this.#stopping.abort();
    for (const cleanUp of this.#cleanups) cleanUp();
    for (const block of this.#blocks.values()) block.enter('dropped');
    await settledWithin(this.#shell.close(), STOP_MS);
    await settledWithin(this.#options.owner.close(), STOP_MS);
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
    this.#blocks.set(claim.blockId, new ClaimedBlock(claim));
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
    const onEvent = (event: RunEventBody) => this.onEvent(block.id, event);
    try {
      const result = await this.#ports.blocks.getResult(block.id).catch(unlessUnusable);
      if (result?.submittedAtMs === block.claim.submittedAtMs) {
        block.enter('ending');
        this.#finish(block, () => finishBlock(block, result, this.#endOptions(onEvent)));
        return;
      }
      const ready = await prepareClaimed(block, {
        ports: this.#ports,
        tools: this.#tools,
        onChecked: async () => {
          block.checked = true;
          await this.#note(block);
        },
        onEvent,
      });
      if (block.state === 'preparing') this.#prove(block, ready);
    } catch (thrown) {
      if (block.state !== 'preparing') return;
      const error = EspalierError.from(thrown);
      if (error.code === 'lease-lost') this.#drop(block.id);
      else this.#endAs(block, { state: 'failed', error: error.toSerialized(), failedJob: null });
    }
  }

  #prove(block: ClaimedBlock, { prepared, stored, found, credits, histories }: ReadyBlock): void {
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
    this.#shell.add({ prepared, stored }, { finished: found.finished, ageRank: block.claim.ageRank, histories });
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
    const onEvent = (event: RunEventBody) => this.onEvent(block.id, event);
    this.#finish(block, async () => {
      if (block.prepared !== undefined) await this.#shell.settled(block.prepared);
      await this.#credits.flush();
      await endBlock(block, ending, this.#endOptions(onEvent));
    });
  }

  #finish(block: ClaimedBlock, finish: () => Promise<void>): void {
    const { signal } = this.#stopping;
    void finish()
      .catch(async (thrown) => {
        const error = EspalierError.from(thrown);
        if (signal.aborted || error.code === 'lease-lost') return;
        // Nobody else would do it while this orchestrator lives.
        this.#report(error);
        const stop = () => clearTimeout(timer);
        const timer = setTimeout(() => {
          signal.removeEventListener('abort', stop);
          this.#finish(block, finish);
        }, RETRY_END_MS);
        signal.addEventListener('abort', stop, { once: true });
        throw thrown;
      })
      .then(
        () => {
          block.enter('dropped');
          if (this.#blocks.get(block.id) === block) this.#blocks.delete(block.id);
          this.#look();
        },
        () => {},
      );
  }

  #endOptions(onEvent: (event: RunEventBody) => void): EndBlockOptions {
    return {
      ports: this.#ports,
      tools: this.#tools,
      clock: this.#clock,
      keepProofs: this.#options.keepProofs ?? false,
      confirm: (block) => this.#note(block),
      provide: (prepared, jobId) => this.#provide(prepared, jobId),
      neededBy: (block) => this.#neededByOthers(block),
      onEvent,
    };
  }

  async #neededByOthers(ended: ClaimedBlock): Promise<(jobId: JobId) => boolean> {
    const relatives = () =>
      [...this.#blocks.values()].filter((block) => block !== ended && block.claim.family === ended.claim.family);
    for (;;) {
      const unplanned = relatives().find(({ isPrepared }) => !isPrepared);
      if (unplanned === undefined) break;
      await unplanned.whenPrepared();
    }
    const trees = relatives().flatMap(({ state, prepared }) =>
      state === 'proving' && prepared !== undefined ? [prepared.tree] : [],
    );
    return (jobId) => trees.some((tree) => isOfTree(tree, jobId));
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
    this.#background.ask('telling', async () => {
      const blocks = [...this.#blocks.values()].filter((block) => this.#hasNews(block, nowMs));
      await Promise.all([this.#credits.flush(), ...blocks.map((block) => this.#noteOrDrop(block))]);
    });
    this.#background.ask('measuring', () => this.#measureIdle(nowMs));
  }

  async #measureIdle(nowMs: number): Promise<void> {
    if (!this.#fleetChanged && nowMs - this.#measuredMs < MEASURE_MS) return;
    this.#fleetChanged = false;
    this.#measuredMs = nowMs;
    const workers = await this.#ports.fleet.list();
    this.#shell.post({ kind: 'capacity', idle: idleCapacity(workers) });
    this.#emptyFleet.look(workers.length, this.#shell.supply.queued().length, nowMs);
  }

  #hasNews(block: ClaimedBlock, nowMs: number): boolean {
    const isOpen = block.state === 'waiting' || block.state === 'preparing' || block.state === 'proving';
    if (!isOpen || block.noted === undefined || nowMs - block.noted.atMs >= CONFIRM_MS) return isOpen;
    return JSON.stringify(this.#progressOf(block)) !== JSON.stringify(block.noted.progress);
  }

  async #noteOrDrop(block: ClaimedBlock): Promise<void> {
    await this.#note(block).catch((thrown) => this.#onOwnerError(block, thrown));
  }

  async #note(block: ClaimedBlock): Promise<void> {
    const progress = this.#progressOf(block);
    await this.#ports.owner.note(block.claim, progress);
    block.noted = { progress, atMs: this.#clock.monotonicMs() };
  }

  #progressOf({ id, checked, prepared, noted }: ClaimedBlock): BlockProgress {
    if (prepared === undefined) return { state: 'preparing', checked, jobs: 0, done: 0, running: 0 };
    const jobs = prepared.tree.size;
    const { done, running } = this.#shell.snapshot(id) ?? { done: noted?.progress.done ?? 0, running: 0 };
    return { state: 'proving', checked, jobs, done, running };
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
    return addJobs(wanted, { queue: this.#options.queue, patience: this.#queuePatience, confirm });
  }

  async provide({ job: { id } }: QueuedJob): Promise<void> {
    await this.beforeEvent();
    const prepared = this.#shell.blockOf(id)?.block.prepared;
    // Making inputs takes the processor for a moment: others shall have their turn.
    await setImmediate();
    if (prepared !== undefined) await this.#provide(prepared, id);
  }

  async #provide(prepared: PreparedBlock, jobId: JobId): Promise<void> {
    const { tree, inputs } = prepared;
    const { keys, prover } = this.#tools;
    const client = new ClientProofs(prepared, keys, prover.identity).of(jobId);
    await Promise.all([
      this.#ports.proofs.putInputs(jobId, inputs.of(tree.indexOf(jobId))),
      client === undefined ? undefined : this.#ports.proofs.putProof(client),
    ]);
  }

  async deleteInputs(jobId: JobId): Promise<void> {
    const clientId = clientProofIdOf(jobId);
    await this.#ports.proofs.deleteInputs(jobId);
    if (clientId !== undefined) await this.#ports.proofs.deleteProof(clientId);
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
