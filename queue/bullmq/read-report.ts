import { z } from 'zod';
import { ERROR_CODES, type ErrorCode } from '../../common/index.js';
import { type JobReport, proofSummarySchema } from '../../proto/index.js';
import { readJson } from '../read-json.js';

const TEXT_CHARS_MAX = 200;
/** Of an error: much of what a prover said may be in it. */
const MESSAGE_CHARS_MAX = 1_000_000;
const text = z.string().max(TEXT_CHARS_MAX);
const message = z.string().max(MESSAGE_CHARS_MAX);
const attempt = z.int().positive();

/** Newer workers may tell more than this one knows. */
const reportSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('started'), jobId: text, workerId: text, attempt }),
  z.object({ kind: z.literal('given-back'), jobId: text, workerId: text, attempt }),
  z.object({ kind: z.literal('proven'), jobId: text, workerId: text, summary: proofSummarySchema }),
  z.object({
    kind: z.literal('failed'),
    jobId: text,
    workerId: text,
    attempt,
    error: z.object({
      code: z.enum(Object.keys(ERROR_CODES) as ErrorCode[]),
      message,
      remedy: message.exactOptional(),
      subject: message.exactOptional(),
    }),
    wasStarted: z.boolean().exactOptional(),
  }),
  z.object({ kind: z.literal('late'), jobId: text, blockId: text, workerId: text, summary: proofSummarySchema }),
]) satisfies z.ZodType<JobReport>;

/** A report as a worker put it into an inbox: nothing in it is believed. Throws `store-corrupt` for what is none. */
export function readReport(json: string): JobReport {
  return readJson(reportSchema, json, 'a report of a job');
}
