import type { ProofStore } from '../../store/index.js';
import { Bitset, type ProofTree } from '../plan/index.js';

/**
 * Tells of a job without a proof whether it had one: a proof above it is there, so that its own was made, used and
 * deleted. Each job above is looked for once: whoever asks hears of those that are proven later in the block's history.
 */
export class ProvenAbove {
  readonly #proofs: Pick<ProofStore, 'hasProof'>;
  readonly #tree: ProofTree;
  readonly #looked: Bitset;
  readonly #proven: Bitset;

  constructor(proofs: Pick<ProofStore, 'hasProof'>, tree: ProofTree) {
    this.#proofs = proofs;
    this.#tree = tree;
    this.#looked = new Bitset(tree.size);
    this.#proven = new Bitset(tree.size);
  }

  /** To be asked after the job's proof was looked for: a parent's is durable before its children's are deleted. */
  async has(job: number): Promise<boolean> {
    const path: number[] = [];
    // From the job up: a proof that goes meanwhile goes because the next one is there.
    for (let above = this.#tree.parent(job); above >= 0; above = this.#tree.parent(above)) {
      path.push(above);
      if (!(await this.#isThere(above))) continue;
      for (const proven of path) this.#proven.add(proven);
      return true;
    }
    return false;
  }

  async #isThere(job: number): Promise<boolean> {
    if (!this.#looked.has(job)) {
      this.#looked.add(job);
      if (await this.#proofs.hasProof(this.#tree.jobId(job))) this.#proven.add(job);
    }
    return this.#proven.has(job);
  }
}
