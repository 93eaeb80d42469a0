import { cursorFromText, cursorToText, type EventCursor } from '../../proto/index.js';

/** A place in a stream of proofs. */
export interface ProofCursor {
  /** Up to where the block's history was read. */
  readonly place: EventCursor;
  /** While it looks for what was proven before: the first job, by number, that it has yet to look for. */
  readonly job: number | undefined;
}

const SEPARATOR = '/';

export function proofCursorToText({ place, job }: ProofCursor): string {
  return cursorToText(place) + (job === undefined ? '' : `${SEPARATOR}${job}`);
}

/** Throws `usage` for what `proofCursorToText` never made. */
export function proofCursorFromText(text: string): ProofCursor {
  const [place = '', job, ...more] = text.split(SEPARATOR);
  // What is no number is no cursor either, and is told of as one.
  if (more.length > 0 || (job !== undefined && !/^\d{1,9}$/.test(job))) return { place: cursorFromText(text), job: 0 };
  return { place: cursorFromText(place), job: job === undefined ? undefined : Number(job) };
}
