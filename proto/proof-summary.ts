import { z } from 'zod';
import { CIRCUIT_NAMES } from './circuit.js';
import type { ProofSummary } from './job.js';

const TEXT_CHARS_MAX = 200;

const text = z.string().max(TEXT_CHARS_MAX);
const amount = z.number().nonnegative();
const count = z.int().nonnegative();

/** Summaries are read from disks and networks: nothing in them is believed. */
export const proofSummarySchema = z.strictObject({
  jobId: text,
  circuit: z.enum(CIRCUIT_NAMES),
  keyHash: text,
  prover: z.strictObject({
    kind: z.enum(['native', 'wasm', 'external', 'simulated']),
    version: text,
    srs: z.enum(['canonical', 'development', 'none']),
  }),
  workerId: text,
  startedAtMs: amount,
  finishedAtMs: amount,
  threads: count,
  usage: z.strictObject({
    wallMs: amount,
    cpuMs: amount.nullable(),
    peakMemoryBytes: amount.nullable(),
  }),
  timings: z.strictObject({
    queuedMs: amount,
    witnessMs: amount,
    proveMs: amount,
    verifyMs: amount,
    storeMs: amount,
  }),
  attempts: z.int().positive(),
  signature: z
    .strictObject({
      publicKey: z.string().regex(/^[0-9a-f]{64}$/),
      proofDigest: z.string().regex(/^[0-9a-f]{64}$/),
      value: z.string().regex(/^[0-9a-f]{128}$/),
    })
    .nullable(),
}) satisfies z.ZodType<ProofSummary>;
