import { cursorFromText, cursorToText, type EventCursor } from '../../proto/index.js';

/** A place in a stream of proofs. */
export interface ProofCursor {
  /** Up to where the block's history was read; 'ended': the block had ended, so that there is no more of it. */
  readonly place: EventCursor | 'ended';
  /** While it looks for what was proven before: the first job, by number, that it has yet to look for. */
  readonly job: number | undefined;
}

const SEPARATOR = '/';
const ENDED = 'ended';

export function proofCursorToText({ place, job }: ProofCursor): string {
  return (place === ENDED ? ENDED : cursorToText(place)) + (job === undefined ? '' : `${SEPARATOR}${job}`);
}

/** Throws `request-malformed` for what `proofCursorToText` never made. */
export function proofCursorFromText(text: string): ProofCursor {
  const [place = '', job, ...more] = text.split(SEPARATOR);
  const isNumber = job !== undefined && /^\d{1,9}$/.test(job);
  if (more.length === 0 && (job === undefined || isNumber) && (place !== ENDED || isNumber)) {
    return { place: place === ENDED ? ENDED : cursorFromText(place), job: isNumber ? Number(job) : undefined };
  }
  // What is no cursor is told of as one of events would be.
  return { place: cursorFromText(text), job: undefined };
}
