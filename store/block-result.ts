import { z } from 'zod';
import { ERROR_CODES, type ErrorCode } from '../common/index.js';
import type { BlockResult } from '../proto/index.js';

const CODES = Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]];

const text = z.string().max(200);
const count = z.int().nonnegative();
const timeMs = z.number().nonnegative();

/** Results are read from disks and networks: nothing in them is believed. */
export const blockResultSchema = z.strictObject({
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
  error: z
    .strictObject({
      code: z.enum(CODES),
      // As long as they come: a result must not be lost for what it says.
      message: z.string(),
      remedy: z.string().exactOptional(),
      subject: z.string().exactOptional(),
    })
    .nullable(),
  failedJob: text.nullable(),
  lineageSeed: text.nullable(),
}) satisfies z.ZodType<BlockResult>;
