import type { BlockId, EventChunk, EventCursor } from '../../proto/index.js';
import { readJson } from '../read-json.js';
import { BEFORE_ALL } from './event-cursor.js';
import { eventsSchema } from './event-records.js';

/** An entry of a block's stream, as Redis gives it. */
export type RawEntry = readonly [id: string, after: string, events: string];

export interface Entry {
  readonly chunk: EventChunk;
  readonly after: EventCursor;
}

const ID = /^(\d{1,16})-(\d{1,16})$/;

/** What `NEXT_EVENTS` and `PUBLISH` call a place. */
export function idOf({ epoch, seq }: EventCursor): string {
  return `${epoch}-${seq}`;
}

/** `BEFORE_ALL` for what is no id. */
export function cursorOf(id: string): EventCursor {
  const [, epoch, seq] = ID.exec(id) ?? [];
  const cursor = { epoch: Number(epoch), seq: Number(seq) };
  return Number.isSafeInteger(cursor.epoch) && Number.isSafeInteger(cursor.seq) ? cursor : BEFORE_ALL;
}

/** Throws `store-corrupt` for what is no chunk. */
export function readEntry(blockId: BlockId, [id, after, json]: RawEntry): Entry {
  const events = readJson(eventsSchema, json, `what was told of block ${blockId}`);
  const { epoch, seq } = cursorOf(id);
  return { chunk: { epoch, first: seq - events.length + 1, events }, after: cursorOf(after) };
}

/** An entry as the channel tells it; undefined for what is none. */
export function splitMessage(message: string): RawEntry | undefined {
  const [, after, id, events] = /^(\S+) (\S+) (.*)$/s.exec(message) ?? [];
  return after === undefined || id === undefined || events === undefined ? undefined : [id, after, events];
}
