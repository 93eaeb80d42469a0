import type { CircuitName } from './circuit.js';
import type { JobId } from './job.js';

/** Which SRS a proof or key was made with. Whoever knows tau of `development` can forge proofs. */
export type SrsName = 'canonical' | 'development' | 'none';

export type ProverKind = 'native' | 'wasm' | 'external' | 'simulated';

/** What made a proof. `simulated` proofs prove nothing, and say so wherever they go. */
export interface ProverIdentity {
  readonly kind: ProverKind;
  /** Version of the prover as it reports it itself, e.g. `5.0.0`. */
  readonly version: string;
  /** `none` for simulated provers only. */
  readonly srs: SrsName;
}

export interface Proof {
  /** Field elements of 32 bytes, big-endian, without the public inputs. */
  readonly proof: Uint8Array;
  /** 0x-prefixed, 64 digits each, in the order of the circuit's public parameters. */
  readonly publicInputs: readonly string[];
}

/** What a proof cost. */
export interface ResourceUsage {
  readonly wallMs: number;
  /** User and system time of the proving process over this proof; null where it cannot be told apart. */
  readonly cpuMs: number | null;
  /** Peak resident memory of the proving process during this proof; null where it cannot be told. */
  readonly peakMemoryBytes: number | null;
}

/** Times of one finished attempt, in milliseconds. */
export interface AttemptTimings {
  /** Taken from the queue and waiting for cores and memory, its witness made. */
  readonly queuedMs: number;
  readonly witnessMs: number;
  readonly proveMs: number;
  readonly verifyMs: number;
  /** Reading inputs and child proofs. Not writing the proof: it is signed before, and reports say what is signed. */
  readonly storeMs: number;
}

/** What an attempt kept a worker busy with: all but its wait for cores and memory. */
export function workMs({ witnessMs, proveMs, verifyMs, storeMs }: AttemptTimings): number {
  return witnessMs + proveMs + verifyMs + storeMs;
}

/** A finished proof as it is stored: the proof, and what made it. */
export interface ProofRecord extends Proof {
  readonly jobId: JobId;
  readonly circuit: CircuitName;
  /** `VerificationKey.hash` of the key the proof was verified with before it was stored. */
  readonly keyHash: string;
  readonly prover: ProverIdentity;
  readonly workerId: string;
  /** Milliseconds since the epoch. */
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
  readonly threads: number;
  readonly usage: ResourceUsage;
  readonly timings: AttemptTimings;
  /** Attempts it took, this one included: 1 for a job that never failed. */
  readonly attempts: number;
  /** Who vouches for the record. null for a client proof, and for records that nobody signed. */
  readonly signature: ProofSignature | null;
}

/** An ed25519 signature of everything else in a record; the proof and its public inputs count by `proofDigest`. */
export interface ProofSignature {
  /** The worker's public key: 32 bytes, hexadecimal. */
  readonly publicKey: string;
  /** sha256 (hexadecimal) of the public inputs and the proof. */
  readonly proofDigest: string;
  /** 64 bytes, hexadecimal. */
  readonly value: string;
}

/** Whether two proofs expose the same values. */
export function samePublicInputs(a: Pick<Proof, 'publicInputs'>, b: Pick<Proof, 'publicInputs'>): boolean {
  return a.publicInputs.length === b.publicInputs.length && a.publicInputs.every((v, i) => v === b.publicInputs[i]);
}
