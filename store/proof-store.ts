import { z } from 'zod';
import { EspalierError } from '../common/index.js';
import { type AbiInputs, type JobId, LIMITS, type ProofRecord, type ProofSummary, summaryOf } from '../proto/index.js';
import { isAbiInputs } from './abi-inputs.js';
import type { BlobStore } from './blob-store.js';
import { decodeFrame, encodeFrame, type Frame } from './frame.js';
import { type ProofHeader, proofHeaderSchema } from './proof-header.js';
import { findFault, reasonOf } from './reason-of.js';

const PROOFS = 'proofs/';
const INPUTS = 'inputs/';

const inputsHeaderSchema = z.strictObject({ jobId: z.string() });

/**
 * Proofs with what made them, and inputs of jobs, under job ids, in any `BlobStore`. Each blob is a frame with a
 * checksum (`frame.ts`): what is damaged, of another version, or filed under another job's id is never returned, but
 * rejects with `store-corrupt`, naming the job. What is refused on the way out is refused on the way in (`internal`).
 * A proof is not verified here: that is done before it is put.
 */
export class ProofStore {
  readonly #blobs: BlobStore;

  constructor(blobs: BlobStore) {
    this.#blobs = blobs;
  }

  /** Durable when resolved. */
  async putProof(record: ProofRecord): Promise<void> {
    const { proof, ...header } = record;
    const wrong = findFault(() => checkProof(header, proof, record.jobId));
    if (wrong !== undefined) throw new EspalierError('internal', `the proof of job ${record.jobId} is unfit: ${wrong}`);
    await this.#blobs.put(PROOFS + record.jobId, encodeFrame({ header, body: proof }));
  }

  /** undefined when there is none. */
  async getProof(jobId: JobId): Promise<ProofRecord | undefined> {
    return this.#read('proof', PROOFS, jobId, ({ header, body }) => ({
      ...checkProof(header, body, jobId),
      proof: body,
    }));
  }

  /** What made a proof, and what it cost. undefined when there is none. */
  async getSummary(jobId: JobId): Promise<ProofSummary | undefined> {
    const record = await this.getProof(jobId);
    return record === undefined ? undefined : summaryOf(record);
  }

  /** Whether there is one, sound or not: only `getProof` tells. */
  hasProof(jobId: JobId): Promise<boolean> {
    return this.#blobs.has(PROOFS + jobId);
  }

  deleteProof(jobId: JobId): Promise<void> {
    return this.#blobs.delete(PROOFS + jobId);
  }

  /** Ids of all stored proofs, sound or not, sorted. */
  listProofs(): AsyncIterable<JobId> {
    return this.#list(PROOFS);
  }

  /** Durable when resolved. */
  async putInputs(jobId: JobId, inputs: AbiInputs): Promise<void> {
    if (!isAbiInputs(inputs)) throw new EspalierError('internal', `the inputs of job ${jobId} are not ABI values`);
    await this.#blobs.put(
      INPUTS + jobId,
      encodeFrame({ header: { jobId }, body: Buffer.from(JSON.stringify(inputs)) }),
    );
  }

  /** undefined when there are none. */
  async getInputs(jobId: JobId): Promise<AbiInputs | undefined> {
    return this.#read('inputs', INPUTS, jobId, ({ header, body }) => {
      checkJobId(inputsHeaderSchema.parse(header).jobId, jobId);
      const inputs: unknown = JSON.parse(Buffer.from(body).toString('utf8'));
      if (!isAbiInputs(inputs)) throw new Error('they are not ABI values');
      return inputs;
    });
  }

  /** Whether there are any, sound or not: only `getInputs` tells. */
  hasInputs(jobId: JobId): Promise<boolean> {
    return this.#blobs.has(INPUTS + jobId);
  }

  deleteInputs(jobId: JobId): Promise<void> {
    return this.#blobs.delete(INPUTS + jobId);
  }

  /** Ids of all jobs whose inputs are stored, sound or not, sorted. */
  listInputs(): AsyncIterable<JobId> {
    return this.#list(INPUTS);
  }

  async *#list(folder: string): AsyncIterable<JobId> {
    for await (const key of this.#blobs.list(folder)) yield key.slice(folder.length);
  }

  async #read<T>(what: 'proof' | 'inputs', folder: string, jobId: JobId, decode: (frame: Frame) => T) {
    const bytes = await this.#blobs.get(folder + jobId);
    if (bytes === undefined) return undefined;
    try {
      return decode(decodeFrame(bytes));
    } catch (error) {
      throw new EspalierError(
        'store-corrupt',
        `the stored ${what} of job ${jobId} cannot be used: ${reasonOf(error)}`,
        {
          cause: error,
          remedy: `run the same command again: a damaged ${what === 'proof' ? 'proof is proven' : 'input is made'} anew`,
        },
      );
    }
  }
}

function checkProof(header: unknown, proof: Uint8Array, jobId: JobId): ProofHeader {
  const checked = proofHeaderSchema.parse(header);
  checkJobId(checked.jobId, jobId);
  if (proof.length > LIMITS.proofBytesMax) {
    throw new Error(`it has ${proof.length} bytes, more than the ${LIMITS.proofBytesMax} of a proof`);
  }
  return checked;
}

function checkJobId(found: JobId, expected: JobId): void {
  if (found !== expected) throw new Error(`it is that of job ${found}`);
}
