import type { SerializedError } from '../../common/index.js';
import type { BlockId, CircuitName, JobId, ProverIdentity, RunPhase } from '../../proto/index.js';

/** What is to be seen of a run at one moment. */
export interface ProgressView {
  /** Null before the first `phase` event. */
  readonly phase: { readonly phase: RunPhase; readonly done: number; readonly total: number } | null;
  /** Null until the block is planned. */
  readonly block: BlockView | null;
  /** Leaves first. Empty until the block is planned. */
  readonly levels: readonly LevelView[];
  /** Over all levels, earlier runs included. */
  readonly jobs: number;
  readonly done: number;
  /** Of `done`, proofs found from an earlier run. */
  readonly alreadyProven: number;
  /** Since the first event. */
  readonly elapsedMs: number;
  /** By this run; null until its first proof. */
  readonly proofsPerMinute: number | null;
  /** Null until the block is planned (with a simulated prover: until its first proof); 0 once it is proven. */
  readonly timeLeftMs: number | null;
  /** Whether any measurement stands behind `timeLeftMs`, or defaults alone. */
  readonly isEstimateMeasured: boolean;
  /** Of those this run proved; without its wait for cores. */
  readonly slowest: { readonly jobId: JobId; readonly circuit: CircuitName; readonly wallMs: number } | null;
  /** The longest-running jobs, the longest first; `runningCount` counts those beyond as well. */
  readonly running: readonly RunningView[];
  readonly runningCount: number;
  readonly retries: number;
  /** What is to be said once and to stay readable: the newest `NOTICES_MAX` of `noticeCount`, oldest first. */
  readonly notices: readonly Notice[];
  readonly noticeCount: number;
  /** Null while the run goes on. */
  readonly outcome: Outcome | null;
}

export interface BlockView {
  readonly blockId: BlockId;
  readonly transactions: number;
  readonly calls: number;
  readonly prover: ProverIdentity;
}

export interface LevelView {
  readonly name: string;
  readonly jobs: number;
  readonly done: number;
  readonly running: number;
  /** `jobs - done - running`. */
  readonly waiting: number;
}

export interface RunningView {
  readonly jobId: JobId;
  readonly circuit: CircuitName;
  readonly workerId: string;
  readonly attempt: number;
  readonly elapsedMs: number;
}

export interface Notice {
  readonly kind: 'warning' | 'retry' | 'corrupt';
  readonly text: string;
}

export type Outcome =
  | {
      readonly kind: 'proven';
      readonly proven: number;
      readonly makespanMs: number;
      readonly criticalPathMs: number;
    }
  | { readonly kind: 'failed'; readonly jobId: JobId | null; readonly error: SerializedError };

/** A job id without its lineage: `public-vm 3.1`. */
export function shortJobName(jobId: JobId): string {
  const [circuit = jobId, ...rest] = jobId.split('.');
  const position = rest.slice(0, -1).join('.');
  return position === '' ? circuit : `${circuit} ${position}`;
}
