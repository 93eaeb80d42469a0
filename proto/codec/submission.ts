import type { Submission, SubmissionOutcome } from '../block-view.js';
import * as wire from '../wire.js';
import { answer, Check, reversed, wholeMs } from './check.js';

/** A proving window is at most this long: a week. */
export const PROVING_WINDOW_MAX_MS = 604_800_000;

const OUTCOMES: Readonly<Record<SubmissionOutcome, wire.SubmitOutcome>> = {
  submitted: wire.SubmitOutcome.SUBMITTED,
  open: wire.SubmitOutcome.OPEN,
  proven: wire.SubmitOutcome.PROVEN,
};
const OUTCOME_NAMES = reversed(OUTCOMES);

const request = new Check('request-malformed');

/** The header that a submission begins with. */
export function submissionToWire({ blockId, windowMs, keepProofs }: Submission): wire.BlockPart {
  const options = { windowMs: windowMs === null ? 0 : Math.max(1, wholeMs(windowMs)), keepProofs };
  return { part: { $case: 'header', value: { version: 1, blockId: blockId ?? '', options } } };
}

/** What a header says besides the version. Throws `request-malformed`. */
export function submissionFromWire({ blockId, options }: wire.BlockHeader): Submission {
  const windowMs = options?.windowMs ?? 0;
  request.integer(windowMs, 0, PROVING_WINDOW_MAX_MS, 'the proving window, options.window_ms,');
  const allowed = '64 lower-case hexadecimal digits, or nothing';
  return {
    blockId: blockId === '' ? null : request.text(blockId, /^[0-9a-f]{64}$/, allowed, 'block_id of the header'),
    windowMs: windowMs === 0 ? null : windowMs,
    keepProofs: options?.keepProofs ?? false,
  };
}

export function outcomeToWire(outcome: SubmissionOutcome): wire.SubmitOutcome {
  return OUTCOMES[outcome];
}

export function outcomeFromWire(outcome: wire.SubmitOutcome): SubmissionOutcome {
  return answer.named(outcome, OUTCOME_NAMES, 'the outcome of the submission');
}
