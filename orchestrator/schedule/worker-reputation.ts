/** Failures through its own fault before a worker is drained. */
const FAULTS_MAX = 3;

/** Workers that are remembered; beyond them whoever has had no fault for the longest time is forgotten. */
const WORKERS_MAX = 1_024;

/**
 * Counts the failures of each worker that are its own: one whose memory, prover or files are broken spoils every job that
 * it takes, and takes the more of them the faster it fails.
 */
export class WorkerReputation {
  readonly #faults = new Map<string, number>();

  /** Returns why the worker is to be drained, with the fault that is one too many, and only then. `fault`: a clause. */
  countFault(workerId: string, fault: string): string | undefined {
    const count = (this.#faults.get(workerId) ?? 0) + 1;
    this.#faults.delete(workerId);
    this.#faults.set(workerId, count);
    if (this.#faults.size > WORKERS_MAX) {
      for (const oldest of this.#faults.keys()) {
        this.#faults.delete(oldest);
        break;
      }
    }
    return count === FAULTS_MAX ? `${FAULTS_MAX} jobs failed through its own fault, the last with ${fault}` : undefined;
  }
}
