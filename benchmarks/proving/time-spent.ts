import type { ProofSummary } from '../../proto/index.js';

/** What a run of jobs spent its time on, in milliseconds: the parts add up to all of it. */
export interface TimeSpent {
  /** At least one proof was being made. */
  readonly provingMs: number;
  /** No proof was, but a proof was verified: its parent could not begin. */
  readonly verifyingMs: number;
  /** Neither, but a witness was made. */
  readonly witnessMs: number;
  /** Nothing of these: reading, writing, scheduling. */
  readonly otherMs: number;
}

type Interval = readonly [startMs: number, endMs: number];

/**
 * Where the time of a run went. A job's times of day are whole milliseconds and its parts follow one another, so a
 * boundary may be off by one.
 */
export function timeSpent(jobs: readonly ProofSummary[], totalMs: number): TimeSpent {
  const parts = jobs.map(({ finishedAtMs, timings: { queuedMs, witnessMs, proveMs, verifyMs } }) => {
    const provenAtMs = finishedAtMs - verifyMs;
    const startedAtMs = provenAtMs - proveMs;
    const solvedAtMs = startedAtMs - queuedMs;
    return {
      proving: [startedAtMs, provenAtMs] as const,
      verifying: [provenAtMs, finishedAtMs] as const,
      witness: [solvedAtMs - witnessMs, solvedAtMs] as const,
    };
  });
  const proving = parts.map((part) => part.proving);
  const verifying = parts.map((part) => part.verifying);
  const provingMs = covered(proving);
  const verifiedMs = covered([...proving, ...verifying]);
  const solvedMs = covered([...proving, ...verifying, ...parts.map((part) => part.witness)]);
  return {
    provingMs,
    verifyingMs: verifiedMs - provingMs,
    witnessMs: solvedMs - verifiedMs,
    otherMs: totalMs - solvedMs,
  };
}

/** The length of the union. */
function covered(intervals: readonly Interval[]): number {
  let untilMs = Number.NEGATIVE_INFINITY;
  let sumMs = 0;
  for (const [startMs, endMs] of [...intervals].sort((a, b) => a[0] - b[0])) {
    sumMs += Math.max(0, endMs - Math.max(startMs, untilMs));
    untilMs = Math.max(untilMs, endMs);
  }
  return sumMs;
}
