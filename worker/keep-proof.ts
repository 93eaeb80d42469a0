import type { KeyObject } from 'node:crypto';
import { EspalierError } from '../common/index.js';
import type { Prover } from '../native/index.js';
import {
  type JobLease,
  LIMITS,
  type ProofRecord,
  type ProofSummary,
  samePublicInputs,
  signProof,
  summaryOf,
} from '../proto/index.js';
import { type MadeProof, type ProofTools, STORE_TRIES_MAX, type UncheckedProof } from './make-proof.js';
import { realWait, retry } from './retry.js';
import { orAborted, stopwatch, withinTime } from './time-limit.js';

export interface KeepTools extends ProofTools {
  /** Signs what is stored; ed25519. Left out, records are not signed. */
  readonly key?: KeyObject | undefined;
}

/** What may end the keeping of a proof. */
export interface KeepSignals {
  /** This worker is stopping: the store is not waited for any more. What works is still done, for a moment. */
  readonly ending: AbortSignal;
  /** That moment is over. */
  readonly over: AbortSignal;
}

/**
 * Verifies a proof, signs its record where the worker has a key, and stores it. When it resolves the proof is verified
 * and durable. It cost much to make: so it is offered to a store that is unavailable for about a minute (or full, where it is
 * shared), and a worker that is stopping does not leave it behind. A proof whose job was removed, or whose lease was lost, by then is not
 * stored. Rejects with the error to report; with anything at all once the lease's signal or `ending` is aborted.
 */
export async function keepProof(
  proof: MadeProof,
  lease: JobLease,
  tools: KeepTools,
  { ending, over }: KeepSignals,
): Promise<ProofSummary> {
  if ('found' in proof) return summaryOf(proof.found);
  const { made } = proof;
  const { job } = lease;
  const { profile, prover, clock, store, key, wait = realWait } = tools;
  const lap = stopwatch(clock);
  const limitMs = profile.timeoutMs[job.resourceClass];
  await withinTime(limitMs, [lease.signal, over], `verifying the proof of job ${job.id}`, (within) =>
    orAborted(assertValid(job.id, made, prover), within),
  );
  const unsigned: Omit<ProofRecord, 'signature'> = {
    proof: made.result.proof.proof,
    publicInputs: made.result.proof.publicInputs,
    jobId: job.id,
    circuit: job.circuit,
    keyHash: made.program.key.hash,
    prover: prover.identity,
    workerId: lease.workerId,
    startedAtMs: made.startedAtMs,
    finishedAtMs: clock.nowMs(),
    threads: made.threads,
    usage: made.result.usage,
    timings: { ...made.timings, verifyMs: lap() },
    attempts: lease.attempt,
  };
  const record: ProofRecord = { ...unsigned, signature: key === undefined ? null : signProof(unsigned, key) };
  const put = () => {
    lease.signal.throwIfAborted();
    return orAborted(store.putProof(record), over);
  };
  const signals = [lease.signal, ending];
  const codes = ['store-unavailable', ...(tools.sharedStore ? (['disk-full'] as const) : [])] as const;
  await retry(put, { codes, triesMax: STORE_TRIES_MAX, signals, wait });
  return summaryOf(record);
}

/** Throws `proof-invalid` unless the proof is of bounded size, exposes what it should, and verifies. */
async function assertValid(jobId: string, { program, result: { proof } }: UncheckedProof, prover: Prover) {
  const invalid = (what: string) => new EspalierError('proof-invalid', `job ${jobId}: the proof made for it ${what}`);
  const size = proof.proof.byteLength;
  if (size > LIMITS.proofBytesMax) throw invalid(`has ${size} bytes, more than ${LIMITS.proofBytesMax}`);
  if (!samePublicInputs(proof, program)) {
    throw invalid(`exposes [${proof.publicInputs.join(', ')}] and not [${program.publicInputs.join(', ')}]`);
  }
  if (!(await prover.verify({ ...program, proof }))) throw invalid(`does not verify with key ${program.key.hash}`);
}
