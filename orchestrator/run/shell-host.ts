import type { SerializedError } from '../../common/index.js';
import type {
  BlockId,
  JobHistoryRecord,
  JobId,
  JobReport,
  ProofSummary,
  QueuedJob,
  RunEventBody,
} from '../../proto/index.js';
import type { LevelSnapshot } from '../schedule/index.js';
import type { PreparedBlock } from './prepare-block.js';
import type { StoredProofs } from './stored-proofs.js';

/** A block that the shell drives. */
export interface DrivenBlock {
  readonly prepared: PreparedBlock;
  readonly stored: Pick<StoredProofs, 'find'>;
}

/** How the scheduler says that a block ended. */
export type BlockOutcome = 'proven' | { readonly error: SerializedError; readonly jobId: JobId };

/**
 * What differs between one machine and a cluster. What is awaited holds up everything that follows; errors thrown there
 * come out of `step`.
 */
export interface ShellHost {
  /**
   * Makes sure that what the job reads is in the store, whole: whatever may be there already. Runs in the background, some
   * at a time.
   */
  provide(queued: QueuedJob): Promise<void>;
  /** Deletes what `provide` stored. Runs in the background. */
  deleteInputs?(jobId: JobId): Promise<void>;
  /** Before a proof is deleted that others have replaced; it stays if this rejects. Runs in the background. */
  beforeDeletion?(jobId: JobId): Promise<void>;
  /** Before an event is handled. */
  beforeEvent?(): Promise<void> | undefined;
  /** A proof was accepted: notes who made it. */
  accept(blockId: BlockId, summary: ProofSummary): Promise<void> | undefined;
  remember?(blockId: BlockId, histories: ReadonlyMap<JobId, JobHistoryRecord>): Promise<void>;
  drainWorker?(workerId: string, reason: string): void;
  onEvent(blockId: BlockId, event: RunEventBody): void;
  /**
   * The counts of a block are these now, whatever the events so far say: see `report-recounted` of `SchedulerCommand`.
   */
  onRecount?(blockId: BlockId, levels: readonly LevelSnapshot[]): void;
  /** The scheduler has forgotten the block, and so has the shell. */
  onEnd(blockId: BlockId, outcome: BlockOutcome): void;
  /** A proof of a job that no block has which is driven here: it came late, or its block was dropped. */
  onStray?(report: JobReport & { readonly kind: 'late' }): void;
  /** Jobs could not be provided for or queued. */
  onSupplyFault(jobs: readonly QueuedJob[], thrown: unknown): void;
  /** A stored proof could not be looked at. */
  onCheckFault(thrown: unknown): void;
}
