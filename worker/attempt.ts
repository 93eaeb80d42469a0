import { EspalierError } from '../common/index.js';
import type { JobLease, ProofSummary } from '../proto/index.js';
import type { JobConsumer } from '../queue/index.js';
import { makeProof, type ProofTools } from './make-proof.js';
import type { Slot } from './slots.js';

/**
 * How an attempt ended:
 * - `proven`: the proof is durable and reported;
 * - `failed`: the failure is reported;
 * - `cancelled`: the job was removed or its lease lost, so there is nobody to report to. A proof that was finished by
 *   then is valid and stored under its job's id, where a later attempt finds it;
 * - `released`: this worker is stopping, the job waits in the queue again.
 */
export type AttemptOutcome = 'proven' | 'failed' | 'cancelled' | 'released';

/**
 * One attempt, from lease to report. Aborting `ending` gives the job back.
 * Rejects only if the queue cannot be told how it ended; the lease then ends by itself.
 */
export async function runAttempt(
  lease: JobLease,
  slot: Slot,
  consumer: JobConsumer,
  tools: ProofTools,
  ending: AbortSignal,
): Promise<AttemptOutcome> {
  let summary: ProofSummary;
  try {
    const signal = AbortSignal.any([lease.signal, ending]);
    summary = await makeProof(lease, slot, tools, signal, () => consumer.started(lease));
  } catch (thrown) {
    if (lease.signal.aborted) return 'cancelled';
    if (ending.aborted) return endLease('released', () => consumer.release(lease));
    return endLease('failed', () => consumer.fail(lease, EspalierError.from(thrown).toSerialized()));
  } finally {
    slot.leave();
  }
  return endLease('proven', () => consumer.complete(lease, summary));
}

async function endLease(outcome: AttemptOutcome, end: () => Promise<void>): Promise<AttemptOutcome> {
  try {
    await end();
    return outcome;
  } catch (thrown) {
    const error = EspalierError.from(thrown);
    if (error.code === 'lease-lost') return 'cancelled';
    throw error;
  }
}
