import type { EventCursor } from '../block-events.js';
import { Check } from './check.js';

const CURSOR = /^(\d{1,15})-(\d{1,15})$/;

const request = new Check('request-malformed');

/** A place in a block's history as text: opaque to whoever keeps it. */
export function cursorToText({ epoch, seq }: EventCursor): string {
  return `${epoch}-${seq}`;
}

/** Throws `request-malformed` for what `cursorToText` never made. */
export function cursorFromText(text: string): EventCursor {
  const [, epoch, seq] = CURSOR.exec(text) ?? [];
  if (epoch !== undefined && seq !== undefined) return { epoch: Number(epoch), seq: Number(seq) };
  const shown = JSON.stringify(text.slice(0, 64));
  throw request.fault(
    `${shown} is no cursor`,
    'take it from an event as it is, or leave it out to begin with a snapshot',
  );
}
