import { z } from 'zod';
import { CIRCUIT_NAMES, type ProofRecord, type ProofSummary } from '../proto/index.js';

/** A proof record but for the proof's bytes, as it stands in the header of its frame. */
export type ProofHeader = Omit<ProofRecord, 'proof'>;

const TEXT_CHARS_MAX = 200;
/** Public inputs of the widest circuit number 9; room for others to come. */
const PUBLIC_INPUTS_MAX = 256;

const text = z.string().max(TEXT_CHARS_MAX);
const fieldHex = z.string().regex(/^0x[0-9a-f]{64}$/);
const amount = z.number().nonnegative();
const count = z.int().nonnegative();

/** Records are read from disks and networks: nothing in them is believed. */
export const proofHeaderSchema = z.strictObject({
  jobId: text,
  circuit: z.enum(CIRCUIT_NAMES),
  publicInputs: z.array(fieldHex).max(PUBLIC_INPUTS_MAX),
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
}) satisfies z.ZodType<ProofHeader>;

/** What is noted of a proof elsewhere than beside it. */
export const proofSummarySchema = proofHeaderSchema.omit({ publicInputs: true }) satisfies z.ZodType<ProofSummary>;
