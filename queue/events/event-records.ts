import { z } from 'zod';
import { ERROR_CODES, type ErrorCode, EspalierError, type SerializedError } from '../../common/index.js';
import {
  type BlockEvent,
  CIRCUIT_NAMES,
  type EventChunk,
  type EventCursor,
  type Forecast,
  type LevelProgress,
  RESOURCE_CLASSES,
} from '../../proto/index.js';
import { CHUNK_EVENTS_MAX, EVENT_TEXT_CHARS_MAX } from './block-events.js';

/** What is told of a block, as Redis keeps it. It is read from a network: nothing in it is believed. */

const text = z.string().max(200);
const message = z.string().max(EVENT_TEXT_CHARS_MAX);
const count = z.int().nonnegative();
const positive = z.int().positive();
const timeMs = z.number().nonnegative();
const resourceClass = z.enum(RESOURCE_CLASSES);

/** Far above the levels of a tree of a million transactions, with a level for each kernel of its longest one. */
const LEVELS_MAX = 2_000;

export const levelsSchema = z
  .array(z.strictObject({ name: text, jobs: count, done: count, running: count }))
  .max(LEVELS_MAX) satisfies z.ZodType<readonly LevelProgress[]>;

const demandSchema = z.strictObject({
  resourceClass,
  queued: count,
  running: count,
  soon: count,
  soonMs: timeMs,
  slots: count,
});

const latenessSchema = z.strictObject({
  cause: z.enum(['workers', 'older-blocks', 'critical-path', 'deadline-passed']),
  resourceClass: resourceClass.nullable(),
  missingSlots: count,
  missingWorkers: count,
  message,
});

export const forecastSchema = z.strictObject({
  rootAtMs: timeMs.nullable(),
  demand: z.array(demandSchema).max(RESOURCE_CLASSES.length),
  late: latenessSchema.nullable(),
}) satisfies z.ZodType<Forecast>;

export const cursorSchema = z.strictObject({ epoch: count, seq: count }) satisfies z.ZodType<EventCursor>;

const errorSchema = z.strictObject({
  code: z.enum(Object.keys(ERROR_CODES) as ErrorCode[]),
  message,
  remedy: message.exactOptional(),
  subject: text.exactOptional(),
});

const resultSchema = z.strictObject({
  blockId: text,
  state: z.enum(['proven', 'failed', 'cancelled']),
  transactions: count,
  calls: count,
  jobs: count,
  submittedAtMs: timeMs,
  endedAtMs: timeMs,
  deadlineAtMs: timeMs.exactOptional(),
  keepProofs: z.boolean().exactOptional(),
  token: count.exactOptional(),
  rootId: text.nullable(),
  error: errorSchema.nullable(),
  failedJob: text.nullable(),
  lineageSeed: text.nullable(),
});

const ofJob = { atMs: timeMs, jobId: text, circuit: z.enum(CIRCUIT_NAMES), level: count };

const eventSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('planned'), atMs: timeMs, levels: levelsSchema, lineageSeed: text }),
  z.strictObject({ kind: z.literal('job-started'), ...ofJob, workerId: text, attempt: positive }),
  z.strictObject({ kind: z.literal('job-given-back'), ...ofJob, workerId: text, attempt: positive }),
  z.strictObject({ kind: z.literal('job-proven'), ...ofJob, workerId: text, attempts: positive, wallMs: timeMs }),
  z.strictObject({ kind: z.literal('job-retried'), ...ofJob, attempt: positive, delayMs: timeMs, error: errorSchema }),
  z.strictObject({ kind: z.literal('recounted'), atMs: timeMs, levels: levelsSchema }),
  z.strictObject({ kind: z.literal('proof-lost'), atMs: timeMs, jobId: text, message }),
  z.strictObject({ kind: z.literal('forecast'), atMs: timeMs, forecast: forecastSchema }),
  z.strictObject({ kind: z.literal('ended'), atMs: timeMs, result: resultSchema }),
]) satisfies z.ZodType<BlockEvent>;

export const eventsSchema = z.array(eventSchema).min(1).max(CHUNK_EVENTS_MAX);

/** A chunk in pieces that are not too large. Throws `internal` for one that cannot be of this claim. */
export function* piecesOf({ token }: { readonly token: number }, chunk: EventChunk): Iterable<EventChunk> {
  const { epoch, first, events } = chunk;
  if (epoch !== token || !Number.isInteger(first) || first < 1) {
    throw new EspalierError('internal', `event ${first} of epoch ${epoch} is none that claim ${token} can tell`);
  }
  for (let from = 0; from < events.length; from += CHUNK_EVENTS_MAX) {
    yield { epoch, first: first + from, events: events.slice(from, from + CHUNK_EVENTS_MAX) };
  }
}

/** The chunk as it is kept: long texts in it, such as what a prover said before it died, are cut. */
export function clipChunk(chunk: EventChunk): EventChunk {
  return { ...chunk, events: chunk.events.map(clipEvent) };
}

function clipEvent(event: BlockEvent): BlockEvent {
  switch (event.kind) {
    case 'job-retried':
      return { ...event, error: clipError(event.error) };
    case 'proof-lost':
      return { ...event, message: clip(event.message) };
    case 'forecast': {
      const { late } = event.forecast;
      if (late === null) return event;
      return { ...event, forecast: { ...event.forecast, late: { ...late, message: clip(late.message) } } };
    }
    case 'ended': {
      const { error } = event.result;
      return error === null ? event : { ...event, result: { ...event.result, error: clipError(error) } };
    }
    default:
      return event;
  }
}

function clipError({ code, message: said, remedy, subject }: SerializedError): SerializedError {
  return {
    code,
    message: clip(said),
    ...(remedy === undefined ? {} : { remedy: clip(remedy) }),
    ...(subject === undefined ? {} : { subject }),
  };
}

function clip(long: string): string {
  return long.length <= EVENT_TEXT_CHARS_MAX ? long : `${long.slice(0, EVENT_TEXT_CHARS_MAX - 1)}…`;
}
