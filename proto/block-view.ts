import type { SerializedError } from '../common/index.js';
import type { BlockId } from './block.js';
import type { BlockEvent, BlockEventBody } from './block-events.js';
import type { ResourceClass } from './circuit.js';
import type { BlockResult, BlockState, BlockStatus } from './cluster.js';
import type { ClassDemand, Forecast, LevelProgress } from './forecast.js';
import type { JobId } from './job.js';

/** A block as the API shows it, open or ended. Times in milliseconds since the epoch. */
export interface BlockView {
  readonly blockId: BlockId;
  readonly state: BlockState;
  readonly transactions: number;
  readonly calls: number;
  readonly submittedAtMs: number;
  /** When its root proof is to be there; null: no deadline. */
  readonly deadlineAtMs: number | null;
  /** The orchestrator that has it; null while none does, and when it has ended. */
  readonly owner: string | null;
  /** Jobs of the whole tree; 0 until it is planned. */
  readonly jobs: number;
  /** Jobs that need no more proving. */
  readonly done: number;
  readonly running: number;
  /** By level, leaves first; empty until it is planned, and in lists. */
  readonly levels: readonly LevelProgress[];
  /** null until it is planned, when it has ended, and in lists. */
  readonly forecast: Forecast | null;
  /** null while it is open. */
  readonly endedAtMs: number | null;
  /** The job whose proof is the root proof; null unless proven. */
  readonly rootId: JobId | null;
  /** null unless failed. */
  readonly error: SerializedError | null;
  /** The job that failed for good; null where no job is at fault. */
  readonly failedJob: JobId | null;
  readonly keepProofs: boolean;
}

/** Why a snapshot comes: see `SnapshotReason` in `espalier/v1/event.proto`. */
export type SnapshotReason = 'start' | 'planned' | 'caught-up';

/** What whoever watches a block over the API hears; most of it as the block's owner told it. */
export type WatchedEventBody =
  /** All that is known of the block at this place: later events build on it. */
  | { readonly kind: 'snapshot'; readonly reason: SnapshotReason; readonly block: BlockView }
  | Exclude<BlockEventBody, { readonly kind: 'planned' | 'ended' }>
  /** Nothing follows. */
  | { readonly kind: 'ended'; readonly block: BlockView };

/** `atMs`: since the epoch. `cursor` names its place: opaque text, to go on behind it. */
export type WatchedEvent = { readonly atMs: number; readonly cursor: string } & WatchedEventBody;

/** What is asked of the fleet, over all blocks. */
export interface Capacity {
  /** Every class that has demand or workers. */
  readonly demand: readonly ClassDemand[];
  /** Living workers by class: one that takes two classes counts for both. */
  readonly workers: Readonly<Partial<Record<ResourceClass, number>>>;
  /** The open blocks, the oldest first. */
  readonly blocks: readonly BlockOutlook[];
}

export interface BlockOutlook {
  readonly blockId: BlockId;
  /** To its deadline: negative when it has passed; null where it has none. */
  readonly timeLeftMs: number | null;
  readonly forecast: Forecast | null;
}

/** What became of a submission. */
export type SubmissionOutcome = 'submitted' | 'open' | 'proven';

/** What a submission says besides the block's content. */
export interface Submission {
  /** As its sender computed it; null: for the server to compute. */
  readonly blockId: BlockId | null;
  /** The proving window; null: the server's default. */
  readonly windowMs: number | null;
  readonly keepProofs: boolean;
}

/** What a result does not say of a block, as it was while it was open. */
export type OpenPart = Partial<Pick<BlockView, 'deadlineAtMs' | 'keepProofs' | 'done'>>;

export function viewOfStatus(status: BlockStatus): BlockView {
  return {
    blockId: status.blockId,
    state: status.state,
    transactions: status.transactions,
    calls: status.calls,
    submittedAtMs: status.submittedAtMs,
    deadlineAtMs: status.deadlineAtMs ?? null,
    owner: status.owner,
    jobs: status.jobs,
    done: status.done,
    running: status.running,
    levels: status.levels ?? [],
    forecast: status.forecast ?? null,
    endedAtMs: null,
    rootId: null,
    error: null,
    failedJob: null,
    keepProofs: status.keepProofs ?? false,
  };
}

export function viewOfResult(result: BlockResult, before: OpenPart = {}): BlockView {
  const { jobs, state } = result;
  return {
    blockId: result.blockId,
    state,
    transactions: result.transactions,
    calls: result.calls,
    submittedAtMs: result.submittedAtMs,
    deadlineAtMs: result.deadlineAtMs ?? before.deadlineAtMs ?? null,
    owner: null,
    jobs,
    done: state === 'proven' ? jobs : (before.done ?? 0),
    running: 0,
    levels: [],
    forecast: null,
    endedAtMs: result.endedAtMs,
    rootId: result.rootId,
    error: result.error,
    failedJob: result.failedJob,
    keepProofs: result.keepProofs ?? before.keepProofs ?? false,
  };
}

/**
 * What an event that a block's owner told is to those who watch. `view`: the block at any earlier place, for what events
 * do not repeat.
 */
export function watchedEvent(event: BlockEvent, view: BlockView): WatchedEventBody & { readonly atMs: number } {
  const { atMs } = event;
  if (event.kind === 'ended') return { atMs, kind: 'ended', block: viewOfResult(event.result, view) };
  if (event.kind !== 'planned') return event;
  const { levels } = event;
  const sum = (of: 'jobs' | 'done' | 'running') => levels.reduce((total, level) => total + level[of], 0);
  const counts = { jobs: sum('jobs'), done: sum('done'), running: sum('running'), levels };
  return { atMs, kind: 'snapshot', reason: 'planned', block: { ...view, state: 'proving', ...counts } };
}
