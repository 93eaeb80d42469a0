import type { SerializedError } from '../common/index.js';
import type { BlockId } from './block.js';
import type { CircuitName, ResourceClass } from './circuit.js';
import type { ProofRecord } from './proof.js';

/**
 * `<circuit>.<position>.<lineage>`: deterministic, readable, safe as a file name, an S3 key and a BullMQ id, and unique
 * to content. `position` is `<transaction>.<call>` for VM and kernel jobs, `<transaction>` for base jobs,
 * `<level>.<index>` for merges and the root. `lineage` (32 hexadecimal digits) is a hash of the proof system, the
 * starting state and every transaction up to the last one the job covers. So the same block submitted twice is the
 * same jobs, and a block that shares a prefix of transactions with another shares the jobs of that prefix.
 */
export type JobId = string;

/** A child proof of a job: the circuit's parameter that takes it and the id it is stored under. */
export interface ChildProof {
  readonly param: string;
  readonly circuit: CircuitName;
  readonly proofId: JobId;
}

/** One proof to make. Holds references only: inputs and child proofs are read from the store. */
export interface Job {
  readonly id: JobId;
  readonly blockId: BlockId;
  readonly circuit: CircuitName;
  readonly resourceClass: ResourceClass;
  readonly children: readonly ChildProof[];
}

/** A job on its way through a queue. Smaller `order` first: compared element by element. */
export interface QueuedJob {
  readonly job: Job;
  /** Which attempt this is, from 1. */
  readonly attempt: number;
  /** `[block age rank, -remaining path ms]`: an older block first, then the longest remaining path. */
  readonly order: readonly [number, number];
}

/** A worker's right to one attempt. `token` is a fencing token: a later lease of the same job has a larger one. */
export interface JobLease extends QueuedJob {
  readonly token: number;
  readonly workerId: string;
  /** Aborted when the job is cancelled or the lease is lost: whoever holds it stops at once. */
  readonly signal: AbortSignal;
}

/**
 * What the orchestrator hears of a job; the proof itself is in the store. `started`: cores and memory are granted and the
 * proof itself begins; a job that ends before that, or whose proof is found in the store, is not heard to start.
 */
export type JobReport =
  | { readonly kind: 'started'; readonly jobId: JobId; readonly workerId: string; readonly attempt: number }
  | { readonly kind: 'proven'; readonly jobId: JobId; readonly workerId: string; readonly summary: ProofSummary }
  | {
      readonly kind: 'failed';
      readonly jobId: JobId;
      readonly workerId: string;
      readonly attempt: number;
      readonly error: SerializedError;
    };

/** A proof record without the proof. */
export type ProofSummary = Omit<ProofRecord, 'proof' | 'publicInputs'>;
