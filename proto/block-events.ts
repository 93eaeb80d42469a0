import type { CircuitName } from './circuit.js';
import type { BlockResult } from './cluster.js';
import type { RunEventBody } from './events.js';
import type { Forecast, LevelProgress } from './forecast.js';
import type { JobId } from './job.js';

/**
 * A place in a block's history: the `seq`-th event (from 1) that the owner with fencing token `epoch` told of it. A later
 * owner has a larger epoch, and begins with `planned`. `seq` 0 is the place before an epoch's first event.
 */
export interface EventCursor {
  readonly epoch: number;
  readonly seq: number;
}

/**
 * What those who watch a block hear, in order. Small: proofs and summaries are in the store. `LevelCounts` says what each
 * means for the counts.
 */
export type BlockEventBody =
  /** Planned, by its first owner or by one that took it over: counts begin anew with these. */
  | { readonly kind: 'planned'; readonly levels: readonly LevelProgress[]; readonly lineageSeed: string }
  /** As the run tells of them. */
  | Extract<RunEventBody, { readonly kind: 'job-started' | 'job-given-back' | 'job-retried' }>
  | {
      readonly kind: 'job-proven';
      readonly jobId: JobId;
      readonly circuit: CircuitName;
      readonly level: number;
      readonly workerId: string;
      readonly attempts: number;
      readonly wallMs: number;
    }
  /**
   * The counts as they are now. Comes where something else changed them than the events above say: jobs that need no
   * proving since one above them is proven, leases that were given up or that nobody had told of, proofs to make again.
   */
  | { readonly kind: 'recounted'; readonly levels: readonly LevelProgress[] }
  | { readonly kind: 'proof-lost'; readonly jobId: JobId; readonly message: string }
  | { readonly kind: 'forecast'; readonly forecast: Forecast }
  /** Nothing follows. */
  | { readonly kind: 'ended'; readonly result: BlockResult };

/** `atMs`: since the epoch. */
export type BlockEvent = { readonly atMs: number } & BlockEventBody;

/** Events of one epoch that follow each other: the first is number `first`, the next `first + 1`, and so on. */
export interface EventChunk {
  readonly epoch: number;
  readonly first: number;
  readonly events: readonly BlockEvent[];
}
