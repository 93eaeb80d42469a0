import { type Clock, type ErrorCode, EspalierError, type SerializedError } from '../../common/index.js';
import { type ProofRecord, type ProofSummary, type RunEventBody, workMs } from '../../proto/index.js';
import type { JobProducer } from '../../queue/index.js';
import type { ProofStore } from '../../store/index.js';
import { criticalPathMs } from '../plan/index.js';
import type { SchedulerOptions } from '../schedule/index.js';
import { findProofs } from './found-proofs.js';
import { plannedEvent } from './planned-event.js';
import type { PreparedBlock } from './prepare-block.js';
import type { RunJournal } from './run-journal.js';
import { SchedulerShell } from './scheduler-shell.js';
import type { BlockOutcome, ShellHost } from './shell-host.js';
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
 * Each of these retries follows what the worker tried on its own. A full disk stays full.
 */
const RETRIES: Partial<Record<ErrorCode, number>> = { 'store-unavailable': 5, 'disk-full': 0 };

/**
 * Proves a prepared block with whatever workers listen to the queue, and resolves with the root proof's record once it
 * is durable. Proofs of an earlier run are used and not made again. Rejects with the error of the first job that failed
 * for good, or with `cancelled`.
 */
export function proveBlock(options: ProveBlockOptions): Promise<ProofRecord> {
  return new BlockRun(options).run();
}

type Outcome = 'proven' | { readonly error: SerializedError; readonly jobId: string | null };

/** One block in a shell of its own, its progress kept in a journal. */
class BlockRun implements ShellHost {
  readonly #options: ProveBlockOptions;
  readonly #stored: StoredProofs;
  readonly #shell: SchedulerShell;
  #outcome: Outcome | undefined;
  #proven = 0;

  constructor(options: ProveBlockOptions) {
    this.#options = options;
    const { prepared, queue, proofs, scheduling, clock } = options;
    this.#stored = new StoredProofs(prepared, proofs, options);
    this.#shell = new SchedulerShell({
      scheduling: { ...scheduling, retries: { ...RETRIES, ...scheduling.retries } },
      queue,
      proofs,
      clock,
      host: this,
    });
  }

  async run(): Promise<ProofRecord> {
    const { prepared, queue, signal, clock } = this.#options;
    const shell = this.#shell;
    const startedMs = clock.monotonicMs();
    const stopListening = queue.onReport((report) => shell.report(report));
    const onAbort = () =>
      shell.cancel(prepared.id, () => {
        this.#outcome ??= STOPPED;
      });
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    try {
      await this.#begin();
      while (this.#outcome === undefined) await shell.step();
    } catch (thrown) {
      // What broke is the reason to give, whatever breaks after it.
      await this.#abandon().catch(() => {});
      if (!signal.aborted || EspalierError.from(thrown).code !== 'cancelled') throw thrown;
      this.#outcome = STOPPED;
    } finally {
      await shell.close();
      signal.removeEventListener('abort', onAbort);
      stopListening();
    }
    if (this.#outcome !== 'proven') throw failure(this.#outcome);
    return this.#finish(clock.monotonicMs() - startedMs);
  }

  /** Finds what is proven already and hands the block to the scheduler. */
  async #begin(): Promise<void> {
    const { prepared, proofs, prover, journal, signal, onEvent } = this.#options;
    const found = await findProofs(prepared.tree, this.#stored, proofs, { signal });
    for (const { jobId, message } of found.unsound) onEvent({ kind: 'proof-corrupt', jobId, message });
    for (const summary of found.summaries.values()) {
      signal.throwIfAborted();
      await journal.note(summary);
    }
    onEvent(plannedEvent(prepared, found.finished, prover.identity));
    this.#shell.add({ prepared, stored: this.#stored }, { finished: found.finished, ageRank: 0 });
  }

  /** Something here broke: takes the block's jobs out of the queue, so that nobody works for a run that is over. */
  async #abandon(): Promise<void> {
    let isOut = false;
    this.#shell.cancel(this.#options.prepared.id, () => {
      isOut = true;
    });
    while (!isOut) await this.#shell.step();
  }

  /** Inputs are made from the execution whenever they are asked for: nothing is stored. */
  async provide(): Promise<void> {}

  async accept(_blockId: string, summary: ProofSummary): Promise<void> {
    await this.#options.journal.note(summary);
    this.#proven += 1;
  }

  onEvent(_blockId: string, event: RunEventBody): void {
    this.#options.onEvent(event);
  }

  onEnd(blockId: string, outcome: BlockOutcome): void {
    this.#outcome ??= outcome;
    if (outcome !== 'proven') this.#options.onEvent({ kind: 'block-failed', blockId, ...outcome });
  }

  onSupplyFault(_jobs: unknown, thrown: unknown): void {
    this.#shell.break(thrown);
  }

  onCheckFault(thrown: unknown): void {
    this.#shell.break(thrown);
  }

  async #finish(makespanMs: number): Promise<ProofRecord> {
    const { prepared, proofs, journal, onEvent } = this.#options;
    const { id: blockId, tree } = prepared;
    const root = await proofs.getProof(tree.jobId(tree.root));
    if (root === undefined) throw new EspalierError('store-corrupt', 'the root proof is not in the store any more');
    const durationOf = (job: number) => {
      const entry = journal.entries.get(tree.jobId(job));
      return entry === undefined ? 0 : workMs(entry.summary.timings);
    };
    onEvent({
      kind: 'block-proven',
      blockId,
      proven: this.#proven,
      makespanMs,
      criticalPathMs: criticalPathMs(tree, durationOf),
    });
    return root;
  }
}

function failure({ error, jobId }: Exclude<Outcome, 'proven'>): EspalierError {
  if (jobId === null || error.message.includes(jobId)) return EspalierError.fromSerialized(error);
  return EspalierError.fromSerialized({ ...error, message: `job ${jobId}: ${error.message}` });
}

const STOPPED: Outcome = {
  error: {
    code: 'cancelled',
    message: 'stopped before the block was proven',
    remedy: 'run the same command again: it goes on from the finished proofs',
  },
  jobId: null,
};
