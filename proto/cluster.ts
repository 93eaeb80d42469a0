import type { SerializedError } from '../common/index.js';
import type { BlockId } from './block.js';
import type { EventCursor } from './block-events.js';
import type { BlockWork } from './block-work.js';
import type { MachineResources } from './built-in-profiles.js';
import type { ResourceClass } from './circuit.js';
import type { Forecast, LevelProgress } from './forecast.js';
import type { JobId } from './job.js';
import type { ProverIdentity } from './proof.js';

/**
 * Where a block of the cluster is:
 * - *queued*: submitted, and no orchestrator has it yet. Ends when one claims it.
 * - *preparing*: checked, executed and planned by its owner.
 * - *proving*: its jobs are in the queue.
 * - *cancelling*: someone wants it stopped; its owner takes its jobs back.
 * - *proven*, *failed*, *cancelled*: ended. Redis knows nothing of it any more; the store has its result.
 */
export type BlockState = 'queued' | 'preparing' | 'proving' | 'cancelling' | EndedState;
export type EndedState = 'proven' | 'failed' | 'cancelled';

/** A block as `espalier status` shows it. */
export interface BlockStatus {
  readonly blockId: BlockId;
  readonly state: BlockState;
  readonly transactions: number;
  readonly calls: number;
  /** Milliseconds since the epoch. */
  readonly submittedAtMs: number;
  /** The orchestrator that has it; null while none does. */
  readonly owner: string | null;
  /** Jobs of the whole tree; 0 until it is planned. */
  readonly jobs: number;
  /** Jobs that need no more proving. */
  readonly done: number;
  readonly running: number;
  /** By level, leaves first; empty until it is planned. */
  readonly levels: readonly LevelProgress[];
  /** null: none yet. */
  readonly forecast: Forecast | null;
  /** Milliseconds since the epoch; null: none. */
  readonly deadlineAtMs: number | null;
  /** What is left of it, a few seconds ago; null until it is planned, and from owners of earlier versions. */
  readonly work: BlockWork | null;
  /** Every proof is kept until the block is forgotten. */
  readonly keepProofs: boolean;
  /** With the block's outline it gives the ids of all its jobs (`planTree`); null until it is planned. */
  readonly lineageSeed: string | null;
  /**
   * Up to where its history (`BlockEvents`) is counted in these numbers; null before anything was told. A block that is
   * submitted again begins where its earlier history ended, if that is still known.
   */
  readonly cursor: EventCursor | null;
}

/** How a block ended, as the store keeps it. */
export interface BlockResult {
  readonly blockId: BlockId;
  readonly state: EndedState;
  readonly transactions: number;
  readonly calls: number;
  readonly jobs: number;
  readonly submittedAtMs: number;
  readonly endedAtMs: number;
  /** When its root proof was to be there, in milliseconds since the epoch. Left out: there was no deadline. */
  readonly deadlineAtMs?: number;
  /** Its proofs are kept until it is forgotten. */
  readonly keepProofs?: boolean;
  /**
   * The fencing token of the owner that wrote it: of two results of one submission the one with the larger token holds.
   * Results of earlier versions have none, which is less than any.
   */
  readonly token?: number;
  /** The id the root proof is stored under; null unless proven. */
  readonly rootId: JobId | null;
  /** null unless failed. */
  readonly error: SerializedError | null;
  /** The job that failed for good, whose inputs are kept for `espalier replay`; null where no job is at fault. */
  readonly failedJob: JobId | null;
  /**
   * With the block's content it gives the ids of all its jobs (`planBlock`), by which what is left of an ended block is
   * found; null for one that was never planned.
   */
  readonly lineageSeed: string | null;
}

/** A worker as `espalier workers` shows it. */
export interface WorkerInfo {
  readonly workerId: string;
  readonly resources: MachineResources;
  readonly classes: readonly ResourceClass[];
  readonly profile: string;
  readonly prover: ProverIdentity;
  /** ed25519, hexadecimal. */
  readonly publicKey: string;
  readonly startedAtMs: number;
  readonly state: 'working' | 'draining';
  /** Jobs it holds. */
  readonly running: number;
  /** When each proof that it is making began, in milliseconds since the epoch. Left out by workers of earlier versions. */
  readonly provingSinceMs?: readonly number[];
  /** Since when it has no job. Left out while it has one, and by workers of earlier versions. */
  readonly idleSinceMs?: number;
  /** Proofs of each class that it can make at once, if it makes no others. Left out by workers of earlier versions. */
  readonly slots?: Readonly<Partial<Record<ResourceClass, number>>>;
  /** Proofs of each class that it could begin at once, and has no job for. */
  readonly idle: Readonly<Partial<Record<ResourceClass, number>>>;
}
