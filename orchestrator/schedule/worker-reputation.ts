/** Proofs that did not verify before a worker is drained. */
export const BAD_PROOFS_MAX = 3;

/** Workers that are remembered; beyond them whoever has made no bad proof for the longest time is forgotten. */
const WORKERS_MAX = 1_024;

/** Counts the bad proofs of each worker: one whose memory or prover is broken spoils every job that it takes. */
export class WorkerReputation {
  readonly #badProofs = new Map<string, number>();

  /** Returns true with the proof that is one too many, and only then. */
  countBadProof(workerId: string): boolean {
    const count = (this.#badProofs.get(workerId) ?? 0) + 1;
    this.#badProofs.delete(workerId);
    this.#badProofs.set(workerId, count);
    if (this.#badProofs.size > WORKERS_MAX) {
      for (const oldest of this.#badProofs.keys()) {
        this.#badProofs.delete(oldest);
        break;
      }
    }
    return count === BAD_PROOFS_MAX;
  }
}
