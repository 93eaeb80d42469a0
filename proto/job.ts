import type { ErrorCode, SerializedError } from '../common/index.js';
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
  /** Left out: nobody traces it. No part of a job's content either. */
  readonly trace?: JobTrace | undefined;
}

/** Where a job's attempts are in a trace, and since when it waits. Of no matter to the job itself. */
export interface JobTrace {
  /** W3C `traceparent` of the span that its attempts are children of. */
  readonly parent: string;
  /** When it was added to the queue, by the clock of whoever added it: milliseconds since the epoch. */
  readonly queuedAtMs: number;
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
 * `given-back`: one that was heard to start waits again, under the same attempt (drain, preemption).
 */
export type JobReport =
  | { readonly kind: 'started'; readonly jobId: JobId; readonly workerId: string; readonly attempt: number }
  | { readonly kind: 'given-back'; readonly jobId: JobId; readonly workerId: string; readonly attempt: number }
  | { readonly kind: 'proven'; readonly jobId: JobId; readonly workerId: string; readonly summary: ProofSummary }
  | {
      readonly kind: 'failed';
      readonly jobId: JobId;
      readonly workerId: string;
      readonly attempt: number;
      readonly error: SerializedError;
      /**
       * Of a lease whose worker died: whether the proof had begun (see `started`), and so may have killed it. Left out
       * where the worker itself says that the job failed.
       */
      readonly wasStarted?: boolean;
    }
  /**
   * A worker stored a proof after it had lost its lease (or was detached). Whoever hears of it verifies the stored proof
   * before it counts, and deletes it where nothing needs it any more.
   */
  | {
      readonly kind: 'late';
      readonly jobId: JobId;
      readonly blockId: BlockId;
      readonly workerId: string;
      readonly summary: ProofSummary;
    };

/** A proof record without the proof. Its signature, over `proofDigest`, can be checked without the proof too. */
export type ProofSummary = Omit<ProofRecord, 'proof' | 'publicInputs'>;

/** What made a proof, without the proof. */
export function summaryOf({ proof: _proof, publicInputs: _publicInputs, ...summary }: ProofRecord): ProofSummary {
  return summary;
}

/**
 * Ids of workers are `<machine>.<session>`: the machine as its operator names it, and one start of the process. Two
 * workers are on one machine exactly if this is equal.
 */
export function machineOf(workerId: string): string {
  const end = workerId.lastIndexOf('.');
  return end < 0 ? workerId : workerId.slice(0, end);
}

/** What went wrong with a job so far, as it outlives the orchestrator that counted it. */
export interface JobHistoryRecord {
  /** The attempt that is in the queue, or will be when the job is queued next, from 1. */
  readonly attempt: number;
  /** Failures by kind. */
  readonly failures: Readonly<Partial<Record<ErrorCode, number>>>;
  /** Reports of proofs by attempts up to this one say nothing: theirs may be a proof that was lost. */
  readonly voidUpToAttempt: number;
  /** Machines whose workers died while they held the job; see `machineOf`. */
  readonly lostOn: readonly string[];
  /** The class it is proven on since it ran out of memory on its own; null while that never happened. */
  readonly escalatedTo: ResourceClass | null;
}
