import type { SerializedError } from '../../common/index.js';
import type { BlockId, JobHistoryRecord, JobId, QueuedJob, ResourceClass, TreeLevel } from '../../proto/index.js';
import type { Bitset } from '../plan/bitset.js';
import type { ProofTree } from '../plan/proof-tree.js';

/**
 * What the scheduler is told. `nowMs` is milliseconds from any fixed start, not going back. Reports name jobs only,
 * since blocks that share a prefix of transactions share its jobs. Late, repeated and unknown reports are harmless. Where
 * an earlier scheduler left jobs in the queue, give this one what that remembered, so that it knows their attempts: a
 * report of an earlier attempt than the present one counts only if it brings a proof.
 */
export type SchedulerEvent = { readonly nowMs: number } & (
  | ({ readonly kind: 'block-added' } & AddedBlock)
  /** Different blocks whose finished proofs were looked for together: none is deleted that any of them needs. */
  | { readonly kind: 'blocks-added'; readonly blocks: readonly AddedBlock[] }
  | { readonly kind: 'block-cancelled'; readonly blockId: BlockId }
  /** A worker began to prove it. A job may be proven or fail without. */
  | { readonly kind: 'job-started'; readonly jobId: JobId; readonly attempt: number }
  /** A worker that had begun to prove it has put it back into the queue, under the same attempt. */
  | { readonly kind: 'job-given-back'; readonly jobId: JobId; readonly attempt: number }
  | {
      /** The proof of a job is durable. */
      readonly kind: 'job-proven';
      readonly jobId: JobId;
      readonly attempt: number;
      readonly wallMs: number;
    }
  | {
      readonly kind: 'job-failed';
      readonly jobId: JobId;
      readonly attempt: number;
      readonly error: SerializedError;
      /** Whose attempt it was, where that is known; see `machineOf`. */
      readonly workerId?: string;
      /** Of a lost lease: whether its proof had begun. Default: whether `job-started` was told of this attempt. */
      readonly wasStarted?: boolean;
    }
  /** How many more proofs of each class the fleet could begin at once; what is left out has no room. */
  | { readonly kind: 'capacity'; readonly idle: Readonly<Partial<Record<ResourceClass, number>>> }
  | {
      /** A stored proof turned out to be missing, damaged or false when something wanted to read it. */
      readonly kind: 'proof-lost';
      readonly jobId: JobId;
      /** The worker that vouched for a proof which is whole and false. */
      readonly falseBy?: string;
    }
  /** The time of the last `wake` command has come. Early and needless ticks are harmless. */
  | { readonly kind: 'tick' }
);

/** A block to prove. Adding one that is already here changes nothing. */
export interface AddedBlock {
  readonly blockId: BlockId;
  readonly tree: ProofTree;
  /** Numbers of the jobs whose checked proofs are in the store; their ancestors' absence is no matter. */
  readonly finished: Bitset;
  /** Smaller is older: its jobs go first. */
  readonly ageRank: number;
  /** What an earlier scheduler remembered of its jobs: attempts and budgets go on from there. */
  readonly histories?: ReadonlyMap<JobId, JobHistoryRecord>;
  /** Trees (its own, or those of related blocks, open or not) none of whose proofs is to be deleted. */
  readonly kept?: readonly ProofTree[];
}

/**
 * What the scheduler wants done, in this order. The shell may do the deletions in the background, but must have
 * finished all earlier ones before it obeys `restore-inputs`: that command announces that deleted things come back.
 */
export type SchedulerCommand =
  /** A worker proves a job of the block now. */
  | { readonly kind: 'report-started'; readonly blockId: BlockId; readonly jobId: JobId }
  /** The worker that proved a job of the block has given it back: it waits again. */
  | { readonly kind: 'report-given-back'; readonly blockId: BlockId; readonly jobId: JobId }
  /** A proof was accepted. At most once for a job and block, unless the proof was lost meanwhile. */
  | { readonly kind: 'report-proven'; readonly blockId: BlockId; readonly jobId: JobId }
  /** A job failed and will be tried again. */
  | {
      readonly kind: 'report-retry';
      readonly blockId: BlockId;
      readonly jobId: JobId;
      /** The attempt that failed. */
      readonly attempt: number;
      readonly error: SerializedError;
      readonly delayMs: number;
    }
  /**
   * The counts of an open block after all of these commands, where the kinds of report before do not account for them:
   * a job that starts runs, one that is proven is done and runs no more, one that is given back or tried again runs no
   * more.
   */
  | { readonly kind: 'report-recounted'; readonly blockId: BlockId; readonly levels: readonly LevelSnapshot[] }
  /** Take these out of the queue, waiting or running; some may not be there any more. */
  | { readonly kind: 'remove'; readonly jobIds: readonly JobId[] }
  /** Take these out of the queue, but let those who prove them go on: a further attempt at a straggler follows. */
  | { readonly kind: 'detach'; readonly jobIds: readonly JobId[] }
  /**
   * Keep these where the next scheduler of the block finds them, before going on; the latest history of each job replaces
   * the earlier. A history with attempt `n` comes once earlier attempts are out of the queue and before `n` is enqueued.
   */
  | {
      readonly kind: 'remember';
      readonly blockId: BlockId;
      readonly histories: ReadonlyMap<JobId, JobHistoryRecord>;
    }
  /** A worker that fails again and again through its own fault: it shall take no more jobs. */
  | { readonly kind: 'drain-worker'; readonly workerId: string; readonly reason: string }
  /** Proofs were lost: the inputs of these jobs (client proofs included) must be in the store again before going on. */
  | { readonly kind: 'restore-inputs'; readonly blockId: BlockId; readonly jobIds: readonly JobId[] }
  /** Ready jobs. Of those in the queue already, left there by an earlier scheduler, it is the same attempt: leave them. */
  | { readonly kind: 'enqueue'; readonly jobs: readonly QueuedJob[] }
  /** What a job reads may be at fault: check its stored inputs, verify its children, mend inputs, say which proofs are lost. */
  | { readonly kind: 'check-stored'; readonly blockId: BlockId; readonly jobId: JobId }
  /** Proofs that nothing needs any more, their parents being durable. Never given with `keepProofs`, nor of a job of a tree that an open block has as `kept`. */
  | { readonly kind: 'delete-proofs'; readonly jobIds: readonly JobId[] }
  /** Inputs (client proofs included) of jobs that need no proving any more. */
  | { readonly kind: 'delete-inputs'; readonly jobIds: readonly JobId[] }
  /** The root proof is durable; the scheduler has forgotten the block. */
  | { readonly kind: 'block-proven'; readonly blockId: BlockId }
  /** The block cannot be proven; the scheduler has forgotten it. */
  | { readonly kind: 'block-failed'; readonly blockId: BlockId; readonly jobId: JobId; readonly error: SerializedError }
  /** Send a tick at this time; replaces the time of any earlier `wake`. */
  | { readonly kind: 'wake'; readonly atMs: number };

/** How far a block is. */
export interface BlockSnapshot {
  readonly blockId: BlockId;
  readonly jobs: number;
  /** Jobs that need no more proving. */
  readonly done: number;
  readonly running: number;
  readonly levels: readonly LevelSnapshot[];
}

/** One level of the tree: `done + running + waiting = jobs`. */
export interface LevelSnapshot extends TreeLevel {
  readonly done: number;
  readonly running: number;
  readonly waiting: number;
}
