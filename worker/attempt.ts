import { EspalierError } from '../common/index.js';
import type { JobLease, ProofSummary } from '../proto/index.js';
import type { JobConsumer } from '../queue/index.js';
import { type KeepTools, keepProof } from './keep-proof.js';
import { makeProof } from './make-proof.js';
import { realWait, retry } from './retry.js';
import type { Slot } from './slots.js';
import { abortedAfter, orAborted } from './time-limit.js';

/**
 * How an attempt ended:
 * - `proven`: the proof is durable and reported;
 * - `failed`: the failure is reported;
 * - `cancelled`: the job was removed or its lease lost, so there is nobody to report to. A proof that was on its way to
 *   the store by then is valid and stored under its job's id, where a later attempt finds it; the queue was told of it,
 *   and tells whoever queued the job;
 * - `released`: the job was given back before its proof was finished, and waits in the queue again.
 */
export type AttemptOutcome = 'proven' | 'failed' | 'cancelled' | 'released';

/** Once a job shall be given back: how long a store that does not answer has for its finished proof, */
const KEEPING_MAX_MS = 2_500;
/** and until when a queue that does not answer is waited for. */
const TELLING_MAX_MS = 5_000;

/**
 * One attempt, from lease to report. Aborting `ending` gives the job back: at once, unless its proof is finished and only
 * has to be kept. Resolves when nothing of it is left, its prover included.
 *
 * A queue that is unavailable is told how it ended when it is back. Rejects only where it could not be told, because it
 * refused or the time to give the job back was over; the lease then ends by itself.
 */
export async function runAttempt(
  lease: JobLease,
  slot: Slot,
  consumer: JobConsumer,
  tools: KeepTools,
  ending: AbortSignal,
): Promise<AttemptOutcome> {
  const keepingOver = abortedAfter(ending, KEEPING_MAX_MS);
  const tellingOver = abortedAfter(ending, TELLING_MAX_MS);
  const tell = (what: () => Promise<void>) =>
    retry(() => orAborted(what(), tellingOver.signal), {
      codes: ['queue-unavailable'],
      triesMax: Number.POSITIVE_INFINITY,
      // Also when the lease is lost: the queue, when it is back, answers that it is, and makes a late report of a proof.
      signals: [tellingOver.signal],
      wait: tools.wait ?? realWait,
    });
  let left: Promise<void> | undefined;
  try {
    let summary: ProofSummary;
    try {
      ending.throwIfAborted();
      // Proving does not wait for the queue to hear of it. A lease that is lost is heard of by its signal.
      const onGranted = () => void tell(() => consumer.started(lease)).catch(() => {});
      const making = makeProof(lease, slot, tools, AbortSignal.any([lease.signal, ending]), onGranted);
      left = making.then(ignore, ignore).then(() => slot.leave());
      // Given back at once: others need not wait until the prover is gone.
      const made = await orAborted(making, ending);
      summary = await keepProof(made, lease, tools, { ending, over: keepingOver.signal });
    } catch (thrown) {
      if (lease.signal.aborted) return 'cancelled';
      if (ending.aborted) return await endLease(lease, 'released', () => tell(() => consumer.release(lease)));
      const error = EspalierError.from(thrown).toSerialized();
      return await endLease(lease, 'failed', () => tell(() => consumer.fail(lease, error)));
    }
    return await endLease(lease, 'proven', () => tell(() => consumer.complete(lease, summary)));
  } finally {
    keepingOver.end();
    tellingOver.end();
    await left;
    slot.leave();
  }
}

async function endLease(
  lease: JobLease,
  outcome: AttemptOutcome,
  tellQueue: () => Promise<void>,
): Promise<AttemptOutcome> {
  try {
    await tellQueue();
    return outcome;
  } catch (thrown) {
    const error = EspalierError.from(thrown);
    if (error.code === 'lease-lost') return 'cancelled';
    const unanswered = error.code === 'cancelled';
    const why = unanswered ? `no answer within ${TELLING_MAX_MS} ms` : error.message;
    const message = `job ${lease.job.id}: the queue could not be told that it is ${outcome}: ${why}`;
    throw new EspalierError(unanswered ? 'queue-unavailable' : error.code, message, { cause: thrown });
  }
}

function ignore(): void {}
