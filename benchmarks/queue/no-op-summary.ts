import type { Job, JobLease, ProofSummary } from '../../proto/index.js';

const HASH = '5f'.repeat(32);

/** As a worker reports a proof, in everything but that there is none: as many bytes, the signature included. */
export function noOpSummary({
  job,
  attempt,
  workerId,
}: Pick<JobLease, 'attempt' | 'workerId'> & { readonly job: Pick<Job, 'id' | 'circuit'> }): ProofSummary {
  const nowMs = Date.now();
  return {
    jobId: job.id,
    circuit: job.circuit,
    keyHash: `0x${HASH}`,
    prover: { kind: 'simulated', version: '5.0.0', srs: 'none' },
    workerId,
    startedAtMs: nowMs,
    finishedAtMs: nowMs,
    threads: 1,
    usage: { wallMs: 0.125, cpuMs: 0.25, peakMemoryBytes: 123_456_789 },
    timings: { queuedMs: 0.125, witnessMs: 0.125, proveMs: 0.125, verifyMs: 0.125, storeMs: 0.125 },
    attempts: attempt,
    signature: { publicKey: HASH, proofDigest: HASH, value: HASH + HASH },
  };
}
