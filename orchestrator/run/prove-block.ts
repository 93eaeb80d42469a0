import { type Clock, type ErrorCode, EspalierError, type SerializedError } from '../../common/index.js';
import { type JobReport, type ProofRecord, type ProofSummary, type RunEventBody, workMs } from '../../proto/index.js';
import type { JobProducer } from '../../queue/index.js';
import type { ProofStore } from '../../store/index.js';
import { type Bitset, criticalPathMs, type ProofTree } from '../plan/index.js';
import {
  neededJobs,
  Scheduler,
  type SchedulerCommand,
  type SchedulerEvent,
  type SchedulerOptions,
} from '../schedule/index.js';
import { findProofs } from './found-proofs.js';
import { Mailbox } from './mailbox.js';
import type { PreparedBlock } from './prepare-block.js';
import type { RunJournal } from './run-journal.js';
import { type ProofChecks, StoredProofs } from './stored-proofs.js';

export interface ProveBlockOptions extends ProofChecks {
  readonly prepared: PreparedBlock;
  readonly queue: JobProducer;
  readonly proofs: ProofStore;
  readonly journal: Pick<RunJournal, 'entries' | 'note'>;
  /** `retries` are added to those of a run on one machine, where an unavailable store fails the block in the end. */
  readonly scheduling: SchedulerOptions;
  readonly clock: Clock;
  readonly onEvent: (event: RunEventBody) => void;
  /** Aborting takes the block's jobs out of the queue and rejects with `cancelled`; finished proofs stay. */
  readonly signal: AbortSignal;
}

/**
 * Here the store is this machine's disk, which nobody watches: a user is told soon, rather than kept waiting for ever.
 * Each of these retries follows what the worker tried on its own.
 */
const RETRIES: Partial<Record<ErrorCode, number>> = { 'store-unavailable': 5 };

/**
 * Proves a prepared block with whatever workers listen to the queue, and resolves with the root proof's record once it
 * is durable. Proofs of an earlier run are used and not made again. Rejects with the error of the first job that failed
 * for good, or with `cancelled`.
 */
export function proveBlock(options: ProveBlockOptions): Promise<ProofRecord> {
  return new BlockRun(options).run();
}

/** A scheduler event to be, or the user's wish to stop. */
type Message = SchedulerEventBody | { readonly kind: 'stop' };
type SchedulerEventBody = SchedulerEvent extends infer E ? (E extends unknown ? Omit<E, 'nowMs'> : never) : never;

type Outcome = 'proven' | { readonly error: SerializedError; readonly jobId: string | null };

/** The shell around the scheduler: turns reports into events, and obeys commands one after another. */
class BlockRun {
  readonly #options: ProveBlockOptions;
  readonly #tree: ProofTree;
  readonly #scheduler: Scheduler;
  readonly #stored: StoredProofs;
  readonly #mailbox = new Mailbox<Message>();
  /** Summaries of reports that the scheduler has not accepted yet. */
  readonly #summaries = new Map<string, ProofSummary>();
  /** Deletions under way; bounded by the jobs of a command burst, and awaited before the end. */
  readonly #deletions = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #outcome: Outcome | undefined;
  #proven = 0;

  constructor(options: ProveBlockOptions) {
    this.#options = options;
    this.#tree = options.prepared.tree;
    this.#stored = new StoredProofs(options.prepared, options.proofs, options);
    this.#scheduler = new Scheduler({ ...options.scheduling, retries: { ...RETRIES, ...options.scheduling.retries } });
  }

  async run(): Promise<ProofRecord> {
    const { queue, signal, clock } = this.#options;
    const startedMs = clock.monotonicMs();
    const stopListening = queue.onReport((report) => this.#onReport(report));
    const onAbort = () => this.#mailbox.put({ kind: 'stop' });
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    try {
      await this.#begin();
      while (this.#outcome === undefined) await this.#handle(await this.#mailbox.next());
    } catch (thrown) {
      await this.#abandon();
      if (!signal.aborted || EspalierError.from(thrown).code !== 'cancelled') throw thrown;
      this.#outcome = STOPPED;
    } finally {
      await Promise.all(this.#deletions);
      clearTimeout(this.#timer);
      signal.removeEventListener('abort', onAbort);
      stopListening();
    }
    if (this.#outcome !== 'proven') throw this.#fail(this.#outcome);
    return this.#finish(clock.monotonicMs() - startedMs);
  }

  /** Finds what is proven already and hands the block to the scheduler. */
  async #begin(): Promise<void> {
    const { prepared, proofs, journal, signal, onEvent } = this.#options;
    const tree = this.#tree;
    const found = await findProofs(tree, this.#stored, proofs, signal);
    for (const { jobId, message } of found.unsound) onEvent({ kind: 'proof-corrupt', jobId, message });
    for (const { publicInputs: _, ...summary } of found.records.values()) {
      signal.throwIfAborted();
      await journal.note(summary);
    }
    this.#announce(found.finished);
    await this.#handle({
      kind: 'block-added',
      blockId: prepared.id,
      tree,
      finished: found.finished,
      ageRank: 0,
    });
  }

  /** Something here broke: takes the block's jobs out of the queue, so that nobody works for a run that is over. */
  async #abandon(): Promise<void> {
    // What broke is the reason to give, whatever breaks after it.
    await this.#handle({ kind: 'block-cancelled', blockId: this.#options.prepared.id }).catch(() => {});
  }

  #announce(finished: Bitset): void {
    const { prepared, prover, onEvent } = this.#options;
    const tree = this.#tree;
    const levels = tree.levels().map(({ name, jobs }) => ({ name, jobs }));
    const alreadyProvenByLevel = levels.map(() => 0);
    const needed = neededJobs(tree, finished);
    for (let job = 0; job < tree.size; job += 1) {
      const level = tree.levelOf(job);
      if (!needed.has(job)) alreadyProvenByLevel[level] = (alreadyProvenByLevel[level] ?? 0) + 1;
    }
    onEvent({
      kind: 'planned',
      blockId: prepared.id,
      transactions: tree.transactions,
      calls: tree.calls,
      jobs: tree.size,
      alreadyProven: alreadyProvenByLevel.reduce((sum, count) => sum + count, 0),
      levels,
      alreadyProvenByLevel,
      prover: prover.identity,
    });
  }

  #onReport(report: JobReport): void {
    switch (report.kind) {
      case 'started':
        this.#emitForJob(report.jobId, (job) => ({
          kind: 'job-started',
          ...job,
          workerId: report.workerId,
          attempt: report.attempt,
        }));
        this.#mailbox.put({ kind: 'job-started', jobId: report.jobId, attempt: report.attempt });
        break;
      case 'proven':
        this.#summaries.set(report.jobId, report.summary);
        this.#mailbox.put({
          kind: 'job-proven',
          jobId: report.jobId,
          attempt: report.summary.attempts,
          wallMs: report.summary.usage.wallMs,
        });
        break;
      case 'failed':
        this.#mailbox.put({ kind: 'job-failed', jobId: report.jobId, attempt: report.attempt, error: report.error });
        break;
    }
  }

  async #handle(message: Message): Promise<void> {
    if (message.kind === 'stop') {
      this.#outcome = STOPPED;
      await this.#handle({ kind: 'block-cancelled', blockId: this.#options.prepared.id });
      return;
    }
    const event = { ...message, nowMs: this.#options.clock.monotonicMs() } as SchedulerEvent;
    for (const command of this.#scheduler.handle(event)) await this.#obey(command);
  }

  async #obey(command: SchedulerCommand): Promise<void> {
    const { queue, proofs, onEvent } = this.#options;
    switch (command.kind) {
      case 'report-proven':
        return this.#acceptProof(command.jobId);
      case 'report-retry': {
        const { attempt, error, delayMs } = command;
        return this.#emitForJob(command.jobId, (job) => ({ kind: 'job-retried', ...job, attempt, error, delayMs }));
      }
      case 'remove':
        return queue.remove(command.jobIds);
      case 'enqueue':
        return queue.add(command.jobs);
      case 'check-stored':
        return this.#checkChildren(command.jobId);
      case 'delete-proofs':
        for (const jobId of command.jobIds) this.#inBackground(proofs.deleteProof(jobId));
        return;
      case 'restore-inputs':
        // Proofs that are made again must not meet deletions that were meant for the old ones.
        await Promise.all(this.#deletions);
        return;
      case 'delete-inputs':
        // Inputs are made from the execution whenever they are asked for: nothing is stored.
        return;
      case 'block-proven':
        this.#outcome ??= 'proven';
        return;
      case 'block-failed':
        onEvent({ kind: 'block-failed', blockId: command.blockId, jobId: command.jobId, error: command.error });
        this.#outcome ??= { error: command.error, jobId: command.jobId };
        return;
      case 'wake': {
        clearTimeout(this.#timer);
        const delayMs = Math.max(0, command.atMs - this.#options.clock.monotonicMs());
        this.#timer = setTimeout(() => this.#mailbox.put({ kind: 'tick' }), delayMs);
        return;
      }
    }
  }

  async #acceptProof(jobId: string): Promise<void> {
    const summary = this.#summaries.get(jobId);
    if (summary === undefined) throw new EspalierError('internal', `job ${jobId} was accepted without a report`);
    this.#summaries.delete(jobId);
    await this.#options.journal.note(summary);
    this.#proven += 1;
    this.#emitForJob(jobId, (job) => ({ kind: 'job-proven', ...job, summary }));
  }

  /** A job could make nothing of its children: which of their proofs are of no use? */
  async #checkChildren(jobId: string): Promise<void> {
    for (const child of this.#tree.childJobs(this.#tree.indexOf(jobId))) {
      const childId = this.#tree.jobId(child);
      const { record, fault = 'it is not in the store any more' } = await this.#stored.find(child);
      if (record !== undefined) continue;
      this.#options.onEvent({ kind: 'proof-corrupt', jobId: childId, message: fault });
      this.#mailbox.put({ kind: 'proof-lost', jobId: childId });
    }
  }

  #inBackground(deletion: Promise<void>): void {
    // A proof that could not be deleted is only a file too many.
    const settled = deletion.catch(() => {}).finally(() => this.#deletions.delete(settled));
    this.#deletions.add(settled);
  }

  #emitForJob(jobId: string, event: (job: JobFacts) => RunEventBody): void {
    const job = this.#tree.indexOf(jobId);
    if (job < 0) return;
    this.#options.onEvent(event({ jobId, circuit: this.#tree.circuit(job), level: this.#tree.levelOf(job) }));
  }

  #fail({ error, jobId }: Exclude<Outcome, 'proven'>): EspalierError {
    if (jobId === null || error.message.includes(jobId)) return EspalierError.fromSerialized(error);
    return EspalierError.fromSerialized({ ...error, message: `job ${jobId}: ${error.message}` });
  }

  async #finish(makespanMs: number): Promise<ProofRecord> {
    const { prepared, proofs, journal, onEvent } = this.#options;
    const root = await proofs.getProof(this.#tree.jobId(this.#tree.root));
    if (root === undefined) throw new EspalierError('store-corrupt', 'the root proof is not in the store any more');
    const durationOf = (job: number) => {
      const entry = journal.entries.get(this.#tree.jobId(job));
      return entry === undefined ? 0 : workMs(entry.summary.timings);
    };
    onEvent({
      kind: 'block-proven',
      blockId: prepared.id,
      proven: this.#proven,
      makespanMs,
      criticalPathMs: criticalPathMs(this.#tree, durationOf),
    });
    return root;
  }
}

interface JobFacts {
  readonly jobId: string;
  readonly circuit: ReturnType<ProofTree['circuit']>;
  readonly level: number;
}

const STOPPED: Outcome = {
  error: {
    code: 'cancelled',
    message: 'stopped before the block was proven',
    remedy: 'run the same command again: it goes on from the finished proofs',
  },
  jobId: null,
};
