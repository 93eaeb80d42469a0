import type { BlockJobs } from './block-jobs.js';
import type { CommandBuffer } from './command-buffer.js';
import type { Holder, OpenBlocks } from './open-blocks.js';

/** Says which blobs are to be deleted: those that no open block needs any more. */
export class Discards {
  readonly #blocks: OpenBlocks;
  readonly #out: CommandBuffer;
  readonly #keepProofs: boolean;

  constructor(blocks: OpenBlocks, out: CommandBuffer, keepProofs: boolean) {
    this.#blocks = blocks;
    this.#out = out;
    this.#keepProofs = keepProofs;
  }

  /** The block does not need the job's proof any more. */
  proof(block: BlockJobs, job: number): void {
    if (this.#keepProofs || block.keepsProof(job)) return;
    block.setStored(job, false);
    const jobId = block.tree.jobId(job);
    const twins = this.#blocks.twins(block, jobId);
    const isWanted = (twin: Holder) => twin.block.isProofNeeded(twin.job) || twin.block.keepsProof(twin.job);
    if (!twins.some(isWanted)) this.#out.deleteProof(jobId);
  }

  /** The block does not need the job's inputs any more. */
  inputs(block: BlockJobs, job: number): void {
    const jobId = block.tree.jobId(job);
    if (this.#blocks.twins(block, jobId).every((twin) => twin.block.isProven(twin.job))) this.#out.deleteInputs(jobId);
  }

  /** The job is proven: its inputs go, and its proof if nothing reads it any more. */
  unneeded(block: BlockJobs, job: number): void {
    this.inputs(block, job);
    if (!block.isProofNeeded(job)) this.proof(block, job);
  }

  /** A proof nobody needs any more was stored once again, by a late attempt. */
  lateProof(holders: readonly Holder[]): void {
    for (const { block, job } of holders) {
      if (block.isStored(job)) continue;
      block.setStored(job, true);
      this.proof(block, job);
    }
  }
}
