import { z } from 'zod';
import { ERROR_CODES, type ErrorCode, parseTraceparent } from '../../common/index.js';
import {
  type BlockStatus,
  type BlockWork,
  CIRCUIT_NAMES,
  type JobHistoryRecord,
  RESOURCE_CLASSES,
  WORK_GROUPS_MAX,
  WORK_SAMPLE_MAX,
  type WorkerInfo,
} from '../../proto/index.js';
import { cursorSchema, forecastSchema, levelsSchema } from '../events/event-records.js';
import { checkForm, readJson } from '../read-json.js';
import type { BlockClaim, BlockProgress, SubmittedBlock } from './block-board.js';

/** What the board and the fleet keep in Redis. It is read from a network: nothing in it is believed. */

const TEXT_CHARS_MAX = 200;
/** Of one worker at once. */
const PROOFS_MAX = 1_024;
const text = z.string().max(TEXT_CHARS_MAX);
const count = z.int().nonnegative();
const amount = z.number().nonnegative();
/** As Redis gives it. */
const counter = z.coerce.number().pipe(z.int().positive());

type Counts = Pick<BlockProgress, 'state' | 'checked' | 'jobs' | 'done' | 'running'>;

/** Strict, and so never to gain a key: older orchestrators would read no block that has it. What is new has a field of its own. */
export const submittedSchema = z.strictObject({
  blockId: text,
  family: text,
  transactions: count,
  calls: count,
  submittedAtMs: amount,
  srs: z.enum(['canonical', 'development', 'none']).exactOptional(),
  deadlineAtMs: amount.exactOptional(),
  keepProofs: z.boolean().exactOptional(),
}) satisfies z.ZodType<Omit<SubmittedBlock, 'trace'>>;

/** The numbers of a block. What else its owner tells of it has fields of its own: it may be left out. */
export const progressSchema = z.strictObject({
  state: z.enum(['preparing', 'proving']),
  checked: z.boolean(),
  jobs: count,
  done: count,
  running: count,
}) satisfies z.ZodType<Counts>;

export const historySchema = z.strictObject({
  attempt: z.int().positive(),
  failures: z.partialRecord(z.enum(Object.keys(ERROR_CODES) as ErrorCode[]), count),
  voidUpToAttempt: count,
  lostOn: z.array(text).max(1_000),
  escalatedTo: z.enum(RESOURCE_CLASSES).nullable(),
}) satisfies z.ZodType<JobHistoryRecord>;

/** Newer workers may tell more of themselves than this one knows. */
export const workerSchema = z.object({
  workerId: text,
  resources: z.object({ cores: amount, memoryBytes: amount, gpus: count }),
  classes: z.array(z.enum(RESOURCE_CLASSES)),
  profile: z.string().max(4_096),
  prover: z.object({
    kind: z.enum(['native', 'wasm', 'external', 'simulated']),
    version: text,
    srs: z.enum(['canonical', 'development', 'none']),
  }),
  publicKey: text,
  startedAtMs: amount,
  state: z.enum(['working', 'draining']),
  running: count,
  provingSinceMs: z.array(amount).max(PROOFS_MAX).exactOptional(),
  idleSinceMs: amount.exactOptional(),
  slots: z.partialRecord(z.enum(RESOURCE_CLASSES), count).exactOptional(),
  idle: z.partialRecord(z.enum(RESOURCE_CLASSES), count),
}) satisfies z.ZodType<WorkerInfo>;

/** Of owners of other versions no more is read than this one knows. */
const workSchema = z.object({
  ownShare: z.number().min(0).max(1),
  groups: z
    .array(
      z.object({
        circuit: z.enum(CIRCUIT_NAMES),
        resourceClass: z.enum(RESOURCE_CLASSES),
        durationMs: amount,
        pathMs: amount,
        waiting: count,
        ready: count,
        running: count,
        leftMs: z.array(amount).max(WORK_SAMPLE_MAX),
        roles: z.array(z.array(count).max(WORK_GROUPS_MAX)).max(WORK_GROUPS_MAX),
      }),
    )
    .max(WORK_GROUPS_MAX),
}) satisfies z.ZodType<BlockWork>;

const START: Counts = { state: 'preparing', checked: false, jobs: 0, done: 0, running: 0 };

/** What `CLAIM` replies of a block. */
export type ClaimReply = readonly [
  id: string,
  token: string | null,
  age: string | null,
  submitted: string | null,
  progress: string | null,
  trace: string | null,
];

export function readClaim([id, token, age, submitted, progress, trace]: ClaimReply): BlockClaim {
  const what = `block ${id} on the board`;
  return {
    ...readJson(submittedSchema, submitted, what),
    // A trace is worth no block: one that cannot be read is none.
    ...(trace !== null && parseTraceparent(trace) !== undefined && { trace }),
    token: checkForm(counter, token, what),
    ageRank: checkForm(counter, age, what),
    checked: readProgress(progress, what).checked,
  };
}

/** What an owner notes, as fields of the block's hash and their JSON, one after the other. What it leaves out stays. */
export function progressFields(progress: BlockProgress): readonly string[] {
  const { state, checked, jobs, done, running, levels, forecast, lineageSeed, cursor, work } = progress;
  const counts: Counts = { state, checked, jobs, done, running };
  return Object.entries({ progress: counts, levels, forecast, lineageSeed, cursor, work }).flatMap(([name, value]) =>
    value === undefined ? [] : [name, JSON.stringify(value)],
  );
}

/** The fields of a block's hash that its status is made of, as `HMGET` replies. */
export const STATUS_FIELDS = [
  'submitted',
  'progress',
  'owner',
  'cancel',
  'levels',
  'forecast',
  'lineageSeed',
  'cursor',
  'work',
] as const;
export type StatusReply = readonly (string | null)[];

export function readStatus(id: string, reply: StatusReply): BlockStatus {
  const [submitted, progress, owner, cancel, levels, forecast, lineageSeed, cursor, work] = reply;
  const what = `block ${id} on the board`;
  const block = readJson(submittedSchema, submitted, what);
  const { state, jobs, done, running } = readProgress(progress, what);
  const whileOwned = owner ? state : 'queued';
  return {
    blockId: block.blockId,
    state: cancel ? 'cancelling' : whileOwned,
    transactions: block.transactions,
    calls: block.calls,
    submittedAtMs: block.submittedAtMs,
    owner: owner ?? null,
    jobs,
    done,
    running,
    levels: levels ? readJson(levelsSchema, levels, `${what}: levels`) : [],
    forecast: forecast ? readJson(forecastSchema.nullable(), forecast, `${what}: forecast`) : null,
    deadlineAtMs: block.deadlineAtMs ?? null,
    keepProofs: block.keepProofs ?? false,
    lineageSeed: lineageSeed ? readJson(text.nullable(), lineageSeed, `${what}: lineageSeed`) : null,
    cursor: cursor ? readJson(cursorSchema.nullable(), cursor, `${what}: cursor`) : null,
    work: readWork(work),
  };
}

/** For the scaler alone: what cannot be read, of a newer version perhaps, hides no block, and reads as if nothing were known yet. */
function readWork(json: string | null | undefined): BlockWork | null {
  try {
    return workSchema.nullable().safeParse(JSON.parse(json ?? 'null')).data ?? null;
  } catch {
    return null;
  }
}

function readProgress(json: string | null | undefined, what: string): Counts {
  return json ? readJson(progressSchema, json, what) : START;
}
