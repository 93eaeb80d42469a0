import type { ErrorCode, SerializedError } from '../common/index.js';
import type { BlockId } from './block.js';
import type { CircuitName } from './circuit.js';
import type { Lateness } from './forecast.js';
import type { JobId, ProofSummary } from './job.js';
import type { ProverIdentity } from './proof.js';

/** One level of the tree, leaves first: VM, kernels, base, then each level of joins up to the root. */
export interface TreeLevel {
  readonly name: string;
  readonly jobs: number;
}

/**
 * What happens while a block is proven, in order. Printed as one JSON line each without a terminal; the same events
 * draw the progress display. `atMs` is milliseconds since the epoch.
 */
export type RunEvent = { readonly atMs: number } & RunEventBody;

/** A `RunEvent` before its time is put on it. */
export type RunEventBody =
  | { readonly kind: 'phase'; readonly phase: RunPhase; readonly done: number; readonly total: number }
  | {
      readonly kind: 'warning';
      readonly code: 'development-srs' | 'simulated-prover' | ErrorCode;
      readonly message: string;
    }
  | {
      readonly kind: 'planned';
      readonly blockId: BlockId;
      readonly transactions: number;
      readonly calls: number;
      readonly jobs: number;
      /** Jobs whose proofs were found from an earlier run. */
      readonly alreadyProven: number;
      readonly levels: readonly TreeLevel[];
      /** Of `alreadyProven`, by level. */
      readonly alreadyProvenByLevel: readonly number[];
      readonly prover: ProverIdentity;
    }
  | {
      readonly kind: 'job-started';
      readonly jobId: JobId;
      readonly circuit: CircuitName;
      readonly level: number;
      readonly workerId: string;
      readonly attempt: number;
    }
  /** The worker that proved it has put it back into the queue, under the same attempt: it goes away. */
  | {
      readonly kind: 'job-given-back';
      readonly jobId: JobId;
      readonly circuit: CircuitName;
      readonly level: number;
      readonly workerId: string;
      readonly attempt: number;
    }
  | {
      readonly kind: 'job-proven';
      readonly jobId: JobId;
      readonly circuit: CircuitName;
      readonly level: number;
      readonly summary: ProofSummary;
    }
  | {
      readonly kind: 'job-retried';
      readonly jobId: JobId;
      readonly circuit: CircuitName;
      readonly level: number;
      readonly attempt: number;
      readonly error: SerializedError;
      readonly delayMs: number;
    }
  /** A stored proof that did not check: reported, dropped, and proven again. */
  | { readonly kind: 'proof-corrupt'; readonly jobId: JobId; readonly message: string }
  /** A block of a cluster turned late, or is expected in time again (`late` is null). `rootAtMs` as in `Forecast`. */
  | { readonly kind: 'lateness'; readonly rootAtMs: number | null; readonly late: Lateness | null }
  | {
      readonly kind: 'block-proven';
      readonly blockId: BlockId;
      /** Jobs proven by this run. */
      readonly proven: number;
      readonly makespanMs: number;
      /** Longest chain of measured job times to the root: no schedule on any number of machines is faster. */
      readonly criticalPathMs: number;
    }
  | {
      readonly kind: 'block-failed';
      readonly blockId: BlockId | null;
      readonly jobId: JobId | null;
      readonly error: SerializedError;
    };

export type RunPhase = 'client-proofs' | 'executing' | 'proving' | 'verifying';
