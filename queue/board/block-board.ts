import type {
  BlockId,
  BlockState,
  BlockStatus,
  BlockWork,
  EndedState,
  EventChunk,
  EventCursor,
  Forecast,
  JobHistoryRecord,
  JobId,
  LevelProgress,
  ProofSummary,
  SrsName,
} from '../../proto/index.js';

/** Blocks that may be open at once: each claim looks through those that are not claimed, and a status through all. */
export const OPEN_MAX = 10_000;

/** A block as it is submitted. Its content is in the store before it is put on the board. */
export interface SubmittedBlock {
  readonly blockId: BlockId;
  /**
   * Equal for all blocks that can share a job (same starting state, same first transaction): a family has one owner, so
   * that one scheduler sees all that share a proof.
   */
  readonly family: string;
  readonly transactions: number;
  readonly calls: number;
  readonly submittedAtMs: number;
  /** What its client proofs were made with: an orchestrator on another SRS leaves it alone. Left out: any may have it. */
  readonly srs?: SrsName;
  /** When its root proof is to be there, in milliseconds since the epoch. Left out: no deadline. */
  readonly deadlineAtMs?: number;
  /** Keep every proof until the block is forgotten. */
  readonly keepProofs?: boolean;
  /** W3C `traceparent` of what submitted it (`blockContext`). Left out: it is in no trace yet. */
  readonly trace?: string;
}

export type SubmitOutcome = 'submitted' | 'open' | 'cancelling';

/** A block that an orchestrator owns. `token` is a fencing token: a later owner of the family has a larger one. */
export interface BlockClaim extends SubmittedBlock {
  readonly token: number;
  /** Smaller is older: in the order of submission. */
  readonly ageRank: number;
  /** Whether an earlier owner has verified its client proofs already. */
  readonly checked: boolean;
}

/** What an owner tells of a block. */
export interface BlockProgress {
  readonly state: Exclude<BlockState, EndedState | 'queued' | 'cancelling'>;
  readonly checked: boolean;
  readonly jobs: number;
  readonly done: number;
  readonly running: number;
  /**
   * These as in `BlockStatus`. What is left out stays as it was noted last, by an earlier owner too. A cursor counts only
   * what has been published (`publish` has resolved).
   */
  readonly levels?: readonly LevelProgress[];
  readonly forecast?: Forecast | null;
  readonly lineageSeed?: string | null;
  readonly cursor?: EventCursor | null;
  readonly work?: BlockWork | null;
}

/**
 * The blocks that are open in a cluster, and who has them. Everything an orchestrator needs to go on where another died
 * is here or in the store; when a block has ended nothing of it is left here.
 */
export interface BlockBoard {
  /**
   * Puts a block up. `open`: it is up already, and nothing changes. `cancelling`: it is being stopped, and this changes
   * nothing about that: submit it again when it has ended.
   */
  submit(block: SubmittedBlock): Promise<SubmitOutcome>;
  /** Asks for a block to be stopped. False if it is not open. */
  cancel(blockId: BlockId): Promise<boolean>;
  /** undefined for a block that is not open. */
  find(blockId: BlockId): Promise<BlockStatus | undefined>;
  /** All open blocks, the oldest first. */
  list(): Promise<readonly BlockStatus[]>;
  /** What is known of who proved what in an open block, as far as it is, and can be read. */
  credits(blockId: BlockId): Promise<readonly ProofSummary[]>;
  /** The jobs of an open block that somebody is credited with: much less to read than the credits. */
  credited(blockId: BlockId): Promise<ReadonlySet<JobId>>;
}

/** What one orchestrator does with the board. A method that takes a claim rejects with `lease-lost` when it is over. */
export interface BlockOwner {
  /**
   * Takes open blocks that no living orchestrator owns, the oldest first, while this one has less than `max` in all.
   * Beyond `max` it takes blocks of families that it owns already (those of another's are left to that one), and blocks
   * that are to be stopped. Returns the new claims only.
   */
  claim(max: number): Promise<readonly BlockClaim[]>;
  /** Calls when there may be something to claim or to cancel, and whenever the connection is back. */
  onChange(listener: () => void): () => void;
  /** Of this orchestrator's blocks, those that someone wants stopped. */
  cancelled(): Promise<readonly BlockId[]>;
  note(claim: BlockClaim, progress: BlockProgress): Promise<void>;
  /** What earlier owners noted of the block's jobs. */
  histories(claim: BlockClaim): Promise<ReadonlyMap<JobId, JobHistoryRecord>>;
  remember(claim: BlockClaim, histories: ReadonlyMap<JobId, JobHistoryRecord>): Promise<void>;
  /** Notes who proved what: the latest summary of each job. */
  credit(claim: BlockClaim, summaries: readonly ProofSummary[]): Promise<void>;
  /**
   * Tells those who watch the block. `chunk.epoch` is the claim's token; its chunks come in order and without a gap, and
   * the same one twice is told once. What is told is kept for a while (`EVENTS_KEPT_MAX`, and `EVENTS_KEPT_MS` after the
   * block has ended); long texts are cut (`EVENT_TEXT_CHARS_MAX`).
   */
  publish(claim: BlockClaim, chunk: EventChunk): Promise<void>;
  /** Takes an ended block down with all that was noted of it. Its result is in the store by now. */
  end(claim: BlockClaim): Promise<void>;
  /** Gives everything back, for another orchestrator to claim at once. Idempotent. */
  close(): Promise<void>;
}
