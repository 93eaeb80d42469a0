import { expect, it } from 'vitest';
import type { ProofSummary } from '../../proto/index.js';
import { timeSpent } from './time-spent.js';

/** A job taken at `from`: a second of witness, `queued`, `prove` and one second of verification. */
function job(from: number, queued: number, prove: number): ProofSummary {
  const summary = {
    startedAtMs: from,
    finishedAtMs: from + 1_000 + queued + prove + 1_000,
    timings: { queuedMs: queued, witnessMs: 1_000, proveMs: prove, verifyMs: 1_000, storeMs: 0 },
  };
  return summary as ProofSummary;
}

it('counts what is hidden behind a proof as proving, and the rest by what it was', () => {
  const alone = [job(0, 0, 10_000)];
  expect(timeSpent(alone, 12_500)).toEqual({ provingMs: 10_000, verifyingMs: 1_000, witnessMs: 1_000, otherMs: 500 });
  // The second one's witness is made while the first is proven, and proven while the first is verified.
  const overlapped = [...alone, job(2_000, 8_000, 10_000)];
  expect(timeSpent(overlapped, 22_000)).toEqual({
    provingMs: 20_000,
    verifyingMs: 1_000,
    witnessMs: 1_000,
    otherMs: 0,
  });
  // The second one needs the first: taken when that is finished.
  const chained = [...alone, job(12_000, 0, 10_000)];
  expect(timeSpent(chained, 24_000)).toEqual({ provingMs: 20_000, verifyingMs: 2_000, witnessMs: 2_000, otherMs: 0 });
});

it('counts proofs side by side once', () => {
  const jobs = [job(0, 0, 10_000), job(0, 0, 4_000)];
  expect(timeSpent(jobs, 12_000)).toMatchObject({ provingMs: 10_000, verifyingMs: 1_000 });
});
