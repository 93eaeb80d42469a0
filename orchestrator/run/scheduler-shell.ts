import { type Clock, EspalierError } from '../../common/index.js';
import {
  type BlockId,
  type JobId,
  type JobReport,
  type ProofSummary,
  type RunEventBody,
  summaryOf,
} from '../../proto/index.js';
import type { JobProducer } from '../../queue/index.js';
import type { ProofStore } from '../../store/index.js';
import {
  type BlockForecast,
  type BlockSnapshot,
  type ForecastView,
  Scheduler,
  type SchedulerCommand,
  type SchedulerEvent,
  type SchedulerOptions,
} from '../schedule/index.js';
import { JobSupply, type SupplyQueue } from './job-supply.js';
import { KeyedTasks } from './keyed-tasks.js';
import { Mailbox } from './mailbox.js';
import type { PreparedBlock } from './prepare-block.js';
import type { BlockOutcome, DrivenBlock, ShellHost } from './shell-host.js';

export type SchedulerEventBody = SchedulerEvent extends infer E
  ? E extends unknown
    ? Omit<E, 'nowMs'>
    : never
  : never;

export interface SchedulerShellOptions {
  readonly scheduling: SchedulerOptions;
  readonly queue: Pick<JobProducer, 'add' | 'remove' | 'detach'>;
  /** Takes the place of the queue's `add`, which is tried once. */
  readonly add?: SupplyQueue['add'];
  /** Verifies the stored proof of a root before it counts: nothing else would, and all below it is deleted then. */
  readonly checksRoots?: boolean;
  readonly proofs: Pick<ProofStore, 'deleteProof'>;
  readonly clock: Clock;
  readonly host: ShellHost;
}

interface Message {
  readonly event: SchedulerEventBody;
  /** Who began to prove it, where the event says that. */
  readonly workerId?: string | undefined;
  /** The proof that the event is about. */
  readonly proof?: ProvenBy | undefined;
  /** Called when everything that must be done before the next message is. */
  readonly onHandled?: (() => void) | undefined;
}

interface ProvenBy {
  readonly summary: ProofSummary;
  /** Whether the stored proof was verified here, since nobody reported it in time. Someone may still be at work on it. */
  readonly isChecked: boolean;
}

/** Blobs written, checked or deleted at once. */
const TASKS_AT_ONCE_MAX = 16;
/** Dropped blocks whose trees are kept. */
const DROPPED_MAX = 4;

/**
 * The shell around the scheduler, for one block on one machine and for the many of a cluster: turns reports into events,
 * handles them one after another, and obeys the commands that follow. What takes long (supplying jobs, deleting and
 * checking blobs) goes on in the background, for each job in the order in which it was commanded; that is also all that
 * `restore-inputs` asks for, since every job that is queued is provided for again.
 */
export class SchedulerShell {
  readonly #options: SchedulerShellOptions;
  readonly #scheduler: Scheduler;
  readonly #blocks = new Map<BlockId, DrivenBlock>();
  readonly #mailbox = new Mailbox<Message | { readonly thrown: unknown }>();
  readonly #tasks: KeyedTasks;
  readonly #supply: JobSupply;
  #timer: NodeJS.Timeout | undefined;
  /** A block was dropped while commands were being obeyed: those that follow may be about it. */
  #droppedSome = false;
  /** The last few: reports of what was queued for them may come here yet. */
  #dropped: readonly Pick<PreparedBlock, 'id' | 'tree'>[] = [];
  #closed = false;

  constructor(options: SchedulerShellOptions) {
    const { scheduling, queue, host, add = (wanted) => queue.add(wanted()) } = options;
    this.#options = options;
    this.#scheduler = new Scheduler(scheduling);
    this.#tasks = new KeyedTasks(TASKS_AT_ONCE_MAX, (thrown) => host.onCheckFault(thrown));
    this.#supply = new JobSupply({
      queue: { add, remove: (ids) => queue.remove(ids), detach: (ids) => queue.detach(ids) },
      tasks: this.#tasks,
      provide: (queued) => host.provide(queued),
      onFault: (jobs, thrown) => host.onSupplyFault(jobs, thrown),
    });
  }

  get supply(): Pick<JobSupply, 'queued' | 'isQueued' | 'enqueue'> {
    return this.#supply;
  }

  /** Takes a block on. */
  add(
    block: DrivenBlock,
    facts: Omit<SchedulerEventBody & { kind: 'block-added' }, 'kind' | 'blockId' | 'tree'>,
  ): void {
    const { id: blockId, tree } = block.prepared;
    this.#blocks.set(blockId, block);
    this.post({ kind: 'block-added', blockId, tree, ...facts });
  }

  /** Takes a block's jobs out of the queue and forgets it. `onCancelled` is called when they are out. */
  cancel(blockId: BlockId, onCancelled: () => void = () => {}): void {
    this.post({ kind: 'block-cancelled', blockId }, () => {
      this.#forget(blockId);
      onCancelled();
    });
  }

  /** Forgets a block at once, leaving its jobs in the queue and its blobs in the store: they are someone else's. */
  drop(blockId: BlockId): void {
    const block = this.#blocks.get(blockId);
    if (block === undefined) return;
    this.#forget(blockId);
    this.#droppedSome = true;
    this.#dropped = [{ id: blockId, tree: block.prepared.tree }, ...this.#dropped].slice(0, DROPPED_MAX);
    this.#tasks.forget((jobId) => block.prepared.tree.indexOf(jobId) >= 0 && !this.#isOurs(jobId));
    const nowMs = this.#options.clock.monotonicMs();
    for (const command of this.#scheduler.handle({ kind: 'block-cancelled', blockId, nowMs })) {
      if (command.kind === 'wake') this.#wakeAt(command.atMs);
    }
  }

  post(event: SchedulerEventBody, onHandled?: () => void): void {
    this.#put({ event, onHandled });
  }

  /** Lets the next `step` reject. */
  break(thrown: unknown): void {
    this.#mailbox.put({ thrown });
  }

  report(report: JobReport): void {
    const { jobId, workerId } = report;
    switch (report.kind) {
      case 'started': {
        const { attempt } = report;
        this.#put({ event: { kind: 'job-started', jobId, attempt }, workerId });
        break;
      }
      case 'given-back': {
        const { attempt } = report;
        this.#put({ event: { kind: 'job-given-back', jobId, attempt }, workerId });
        break;
      }
      case 'proven':
        this.#hearProven(report);
        break;
      case 'failed': {
        const { attempt, error, wasStarted } = report;
        const start = wasStarted === undefined ? {} : { wasStarted };
        this.post({ kind: 'job-failed', jobId, attempt, error, workerId, ...start });
        break;
      }
      case 'late':
        if (this.#holdersOf(jobId).length > 0) this.lookFor(jobId);
        else this.#options.host.onStray?.(report);
        break;
    }
  }

  /** A proof of this job may be in the store. If so, and if it verifies, the job is proven; else `onMissing` is called. */
  lookFor(jobId: JobId, onMissing: () => void = () => {}): void {
    this.#tasks.add(jobId, async () => {
      const [holder] = this.#holdersOf(jobId);
      if (holder === undefined) return;
      const { record } = await holder.block.stored.find(holder.job);
      if (record === undefined) onMissing();
      else this.#prove({ summary: summaryOf(record), isChecked: true });
    });
  }

  #hearProven(report: JobReport & { readonly kind: 'proven' }): void {
    const holders = this.#holdersOf(report.jobId);
    const isRoot = holders.some(({ block, job }) => block.prepared.tree.root === job);
    if (holders.length === 0) this.#strayProven(report);
    else if (this.#options.checksRoots && isRoot) this.#checkRoot(report.summary);
    else this.#prove({ summary: report.summary, isChecked: false });
  }

  /** Queued here before its block was dropped: its new owner may have ended that before the proof was made. */
  #strayProven({ jobId, workerId, summary }: JobReport & { readonly kind: 'proven' }): void {
    const block = this.#dropped.find(({ tree }) => tree.indexOf(jobId) >= 0);
    if (block === undefined) return;
    this.#options.host.onStray?.({ kind: 'late', jobId, blockId: block.id, workerId, summary });
  }

  /** A root that is reported as proven: a false one is a failed attempt. */
  #checkRoot({ jobId, attempts }: ProofSummary): void {
    this.#tasks.add(jobId, async () => {
      const [holder] = this.#holdersOf(jobId);
      if (holder === undefined) return;
      const { record, fault: message = 'it is not in the store', falseBy } = await holder.block.stored.find(holder.job);
      if (record !== undefined) {
        this.#prove({ summary: summaryOf(record), isChecked: true });
        return;
      }
      this.#onEvent(holder.block, { kind: 'proof-corrupt', jobId, message });
      const blame = falseBy === undefined ? {} : { workerId: falseBy };
      const error = { code: falseBy === undefined ? 'store-corrupt' : 'proof-invalid', message } as const;
      this.post({ kind: 'job-failed', jobId, attempt: attempts, error, ...blame });
    });
  }

  /** The block that is driven here and has this job. */
  blockOf(jobId: JobId): { readonly block: DrivenBlock; readonly job: number } | undefined {
    return this.#holdersOf(jobId)[0];
  }

  snapshot(blockId: BlockId): BlockSnapshot | undefined {
    return this.#scheduler.snapshot(blockId);
  }

  forecast(view: ForecastView): ReadonlyMap<BlockId, BlockForecast> {
    return this.#scheduler.forecast(view);
  }

  /** Handles the next message; waits for one. Rejects with what its handling throws, and when it was broken. */
  async step(): Promise<void> {
    const message = await this.#mailbox.next();
    if ('thrown' in message) throw message.thrown;
    try {
      // Most of it is done at once, and there is much of it.
      const isConfirmed = this.#options.host.beforeEvent?.();
      if (isConfirmed !== undefined) await isConfirmed;
      const isUnderWay = this.#handle(message);
      if (isUnderWay !== undefined) await isUnderWay;
    } catch (thrown) {
      this.#recountAll();
      throw thrown;
    } finally {
      message.onHandled?.();
    }
  }

  /** Some of what happened may not have been told. */
  #recountAll(): void {
    for (const blockId of this.#blocks.keys()) {
      const snapshot = this.#scheduler.snapshot(blockId);
      if (snapshot !== undefined) this.#options.host.onRecount?.(blockId, snapshot.levels);
    }
  }

  /** Resolves when nothing is under way in the background for jobs of this block. */
  settled({ tree }: Pick<PreparedBlock, 'tree'>): Promise<void> {
    return this.#tasks.settled((jobId) => tree.indexOf(jobId) >= 0);
  }

  /** No message is handled any more. Resolves when what goes on in the background has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    // A large block has tens of thousands that wait: whoever drives it next provides for them.
    this.#supply.forgetAll(() => true);
    for (let left = this.#mailbox.take(); left !== undefined; left = this.#mailbox.take()) {
      if ('event' in left) left.onHandled?.();
    }
    await this.#tasks.idle();
  }

  #put(message: Message): void {
    if (this.#closed) message.onHandled?.();
    else this.#mailbox.put(message);
  }

  #prove(proof: ProvenBy): void {
    const { jobId, attempts, usage } = proof.summary;
    // A proof that was verified here is as good as one of the present attempt, whichever made it.
    const attempt = proof.isChecked ? Math.max(attempts, this.#supply.attemptOf(jobId)) : attempts;
    const event = { kind: 'job-proven', jobId, attempt, wallMs: usage.wallMs } as const;
    // What made it is too old to be believed: it may have been reported before it was lost.
    const onHandled = () => {
      if (!proof.isChecked && this.#supply.attemptOf(jobId) > 0) this.lookFor(jobId);
    };
    this.#put({ event, proof, onHandled });
  }

  /** Returns a promise where some of it takes a while. */
  #handle(message: Message): Promise<void> | undefined {
    const { event } = message;
    this.#droppedSome = false;
    // It was dropped before it got here.
    if (event.kind === 'block-added' && this.#blocks.get(event.blockId)?.prepared.tree !== event.tree) return undefined;
    const nowMs = this.#options.clock.monotonicMs();
    return this.#obeyAll(this.#scheduler.handle({ ...event, nowMs } as SchedulerEvent).values(), message);
  }

  #obeyAll(commands: Iterator<SchedulerCommand>, message: Message): Promise<void> | undefined {
    for (let next = commands.next(); !next.done; next = commands.next()) {
      const isUnderWay = this.#obey(next.value, message);
      if (isUnderWay !== undefined) return isUnderWay.then(() => this.#obeyAll(commands, message));
    }
    return undefined;
  }

  /** Returns a promise where what follows must wait. */
  #obey(command: SchedulerCommand, message: Message): Promise<void> | undefined {
    switch (command.kind) {
      case 'report-started':
      case 'report-given-back':
        this.#supply.noteStarted(command.jobId, command.kind === 'report-started');
        this.#tellHolder(command, message);
        return undefined;
      case 'report-proven':
        return this.#accept(command.blockId, command.jobId, message.proof);
      case 'remove':
        return this.#supply.remove(this.#ours(command.jobIds));
      case 'detach':
        return this.#supply.detach(this.#ours(command.jobIds));
      case 'remember':
        if (!this.#blocks.has(command.blockId)) return undefined;
        return this.#options.host.remember?.(command.blockId, command.histories);
      default:
        this.#begin(command);
        return undefined;
    }
  }

  #begin(
    command: Exclude<
      SchedulerCommand,
      { kind: 'report-started' | 'report-given-back' | 'report-proven' | 'remove' | 'detach' | 'remember' }
    >,
  ): void {
    const { host, proofs } = this.#options;
    switch (command.kind) {
      case 'report-retry':
        this.#retry(command);
        break;
      case 'report-recounted':
        if (this.#blocks.has(command.blockId)) host.onRecount?.(command.blockId, command.levels);
        break;
      case 'drain-worker':
        host.drainWorker?.(command.workerId, command.reason);
        break;
      case 'enqueue':
        this.#supply.enqueue(command.jobs.filter(({ job }) => !this.#droppedSome || this.#isOurs(job.id)));
        break;
      case 'check-stored':
        this.#checkStored(command.blockId, command.jobId);
        break;
      case 'delete-proofs':
        this.#inBackground(this.#ours(command.jobIds), async (jobId) => {
          await host.beforeDeletion?.(jobId);
          await proofs.deleteProof(jobId);
        });
        break;
      case 'delete-inputs':
        if (host.deleteInputs === undefined) break;
        this.#inBackground(this.#ours(command.jobIds), (jobId) => host.deleteInputs?.(jobId));
        break;
      case 'block-proven':
        this.#end(command.blockId, 'proven');
        break;
      case 'block-failed':
        this.#end(command.blockId, { error: command.error, jobId: command.jobId });
        break;
      case 'wake':
        this.#wakeAt(command.atMs);
        break;
      case 'restore-inputs':
        break; // Whatever is queued is provided for again, and each job's blobs are dealt with in order.
    }
  }

  /** Who holds a job now, or has given it back. */
  #tellHolder(
    { blockId, jobId }: SchedulerCommand & { readonly kind: 'report-started' | 'report-given-back' },
    { event, workerId }: Message,
  ): void {
    const block = this.#blocks.get(blockId);
    if (block === undefined || workerId === undefined) return;
    if (event.kind !== 'job-started' && event.kind !== 'job-given-back') return;
    const job = block.prepared.tree.indexOf(jobId);
    this.#onEvent(block, { kind: event.kind, ...factsOf(block, job, jobId), workerId, attempt: event.attempt });
  }

  #accept(blockId: BlockId, jobId: JobId, proof: ProvenBy | undefined): Promise<void> | undefined {
    if (proof?.summary.jobId !== jobId) {
      throw new EspalierError('internal', `job ${jobId} was accepted without a report`);
    }
    const { summary, isChecked } = proof;
    const tell = (): undefined => {
      const block = this.#blocks.get(blockId);
      if (block === undefined) return;
      const job = block.prepared.tree.indexOf(jobId);
      this.#onEvent(block, { kind: 'job-proven', ...factsOf(block, job, jobId), summary });
    };
    if (isChecked) return this.#acceptChecked(blockId, summary).then(tell);
    this.#supply.forget(jobId);
    return this.#options.host.accept(blockId, summary)?.then(tell) ?? tell();
  }

  /** Someone may still be at work on it. */
  async #acceptChecked(blockId: BlockId, summary: ProofSummary): Promise<void> {
    await this.#supply.remove([summary.jobId]);
    await this.#options.host.accept(blockId, summary);
  }

  #retry({ blockId, jobId, attempt, error, delayMs }: SchedulerCommand & { readonly kind: 'report-retry' }): void {
    this.#supply.forget(jobId);
    const block = this.#blocks.get(blockId);
    if (block === undefined) return;
    const job = block.prepared.tree.indexOf(jobId);
    this.#onEvent(block, { kind: 'job-retried', ...factsOf(block, job, jobId), attempt, error, delayMs });
  }

  /** A job could make nothing of what it read: which of it is of no use? It is not queued again before that is known. */
  #checkStored(blockId: BlockId, jobId: JobId): void {
    this.#tasks.add(jobId, async () => {
      const block = this.#blocks.get(blockId);
      if (block === undefined) return;
      const { tree } = block.prepared;
      const job = tree.indexOf(jobId);
      for (const child of tree.childJobs(job)) await this.#checkChild(block, child);
    });
  }

  async #checkChild(block: DrivenBlock, child: number): Promise<void> {
    const { record, fault = 'it is not in the store any more', falseBy } = await block.stored.find(child);
    if (record !== undefined) return;
    const jobId = block.prepared.tree.jobId(child);
    this.#onEvent(block, { kind: 'proof-corrupt', jobId, message: fault });
    const lost = { kind: 'proof-lost', jobId, ...(falseBy === undefined ? {} : { falseBy }) } as const;
    await new Promise<void>((resolve) => this.post(lost, resolve));
  }

  /** A blob that could not be deleted is only a blob too many. */
  #inBackground(jobIds: readonly JobId[], task: (jobId: JobId) => Promise<void> | undefined): void {
    for (const jobId of jobIds) this.#tasks.add(jobId, async () => task(jobId)?.catch(() => {}));
  }

  #end(blockId: BlockId, outcome: BlockOutcome): void {
    if (this.#forget(blockId)) this.#options.host.onEnd(blockId, outcome);
  }

  /** False where the block was dropped before. */
  #forget(blockId: BlockId): boolean {
    const block = this.#blocks.get(blockId);
    this.#blocks.delete(blockId);
    const { tree } = block?.prepared ?? {};
    if (tree !== undefined) this.#supply.forgetAll((jobId) => tree.indexOf(jobId) >= 0 && !this.#isOurs(jobId));
    return block !== undefined;
  }

  #wakeAt(atMs: number): void {
    clearTimeout(this.#timer);
    const delayMs = Math.max(0, atMs - this.#options.clock.monotonicMs());
    this.#timer = setTimeout(() => this.post({ kind: 'tick' }), delayMs);
  }

  #ours(jobIds: readonly JobId[]): readonly JobId[] {
    return this.#droppedSome ? jobIds.filter((jobId) => this.#isOurs(jobId)) : jobIds;
  }

  #isOurs(jobId: JobId): boolean {
    return this.#holdersOf(jobId).length > 0;
  }

  #holdersOf(jobId: JobId): { readonly block: DrivenBlock; readonly job: number }[] {
    const holders = [];
    for (const block of this.#blocks.values()) {
      const job = block.prepared.tree.indexOf(jobId);
      if (job >= 0) holders.push({ block, job });
    }
    return holders;
  }

  #onEvent({ prepared }: DrivenBlock, event: RunEventBody): void {
    this.#options.host.onEvent(prepared.id, event);
  }
}

function factsOf({ prepared: { tree } }: DrivenBlock, job: number, jobId: JobId) {
  return { jobId, circuit: tree.circuit(job), level: tree.levelOf(job) };
}
