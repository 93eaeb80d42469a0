import { z } from 'zod';
import { type ProofRecord, proofSummarySchema } from '../proto/index.js';

/** A proof record but for the proof's bytes, as it stands in the header of its frame. */
export type ProofHeader = Omit<ProofRecord, 'proof'>;

/** Public inputs of the widest circuit number 9; room for others to come. */
const PUBLIC_INPUTS_MAX = 256;

export const proofHeaderSchema = proofSummarySchema.extend({
  publicInputs: z.array(z.string().regex(/^0x[0-9a-f]{64}$/)).max(PUBLIC_INPUTS_MAX),
}) satisfies z.ZodType<ProofHeader>;
