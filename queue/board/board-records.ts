import { z } from 'zod';
import { ERROR_CODES, type ErrorCode } from '../../common/index.js';
import { type BlockStatus, type JobHistoryRecord, RESOURCE_CLASSES, type WorkerInfo } from '../../proto/index.js';
import { checkForm, readJson } from '../read-json.js';
import type { BlockClaim, BlockProgress, SubmittedBlock } from './block-board.js';

/** What the board and the fleet keep in Redis. It is read from a network: nothing in it is believed. */

const TEXT_CHARS_MAX = 200;
const text = z.string().max(TEXT_CHARS_MAX);
const count = z.int().nonnegative();
const amount = z.number().nonnegative();
/** As Redis gives it. */
const counter = z.coerce.number().pipe(z.int().positive());

export const submittedSchema = z.strictObject({
  blockId: text,
  family: text,
  transactions: count,
  calls: count,
  submittedAtMs: amount,
  srs: z.enum(['canonical', 'development', 'none']).exactOptional(),
}) satisfies z.ZodType<SubmittedBlock>;

export const progressSchema = z.strictObject({
  state: z.enum(['preparing', 'proving']),
  checked: z.boolean(),
  jobs: count,
  done: count,
  running: count,
}) satisfies z.ZodType<BlockProgress>;

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
  idle: z.partialRecord(z.enum(RESOURCE_CLASSES), count),
}) satisfies z.ZodType<WorkerInfo>;

const START: BlockProgress = { state: 'preparing', checked: false, jobs: 0, done: 0, running: 0 };

/** What `CLAIM` replies of a block. */
export type ClaimReply = readonly [
  id: string,
  token: string | null,
  age: string | null,
  submitted: string | null,
  progress: string | null,
];

export function readClaim([id, token, age, submitted, progress]: ClaimReply): BlockClaim {
  const what = `block ${id} on the board`;
  return {
    ...readJson(submittedSchema, submitted, what),
    token: checkForm(counter, token, what),
    ageRank: checkForm(counter, age, what),
    checked: readProgress(progress, what).checked,
  };
}

/** The fields of a block's hash that its status is made of, as `HMGET` replies. */
export const STATUS_FIELDS = ['submitted', 'progress', 'owner', 'cancel'] as const;
export type StatusReply = readonly (string | null)[];

export function readStatus(id: string, [submitted, progress, owner, cancel]: StatusReply): BlockStatus {
  const what = `block ${id} on the board`;
  const { family: _, srs: __, ...block } = readJson(submittedSchema, submitted, what);
  const { checked: ___, state, ...amounts } = readProgress(progress, what);
  const whileOwned = owner ? state : 'queued';
  return { ...block, ...amounts, state: cancel ? 'cancelling' : whileOwned, owner: owner ?? null };
}

function readProgress(json: string | null | undefined, what: string): BlockProgress {
  return json ? readJson(progressSchema, json, what) : START;
}
