import type { CircuitName, JobId, ProverIdentity, SrsName } from '../../proto/index.js';

export const MANIFEST_VERSION = 1;

/** What `manifest.json` holds. Times are in milliseconds, or ISO 8601 where they are moments. */
export interface Manifest {
  readonly version: typeof MANIFEST_VERSION;
  readonly block: {
    readonly id: string;
    readonly transactions: number;
    readonly calls: number;
    readonly jobs: number;
  };
  readonly root: {
    readonly jobId: JobId;
    /** Of the root's proof, in the order of docs/circuits.md (`RollupPublic`). */
    readonly publicInputs: readonly string[];
  };
  /** Hash of all verification keys of the tree (docs/circuits.md, tag `keys`). */
  readonly keysHash: string;
  /** What all proofs are based on. Whoever knows tau of `development` can forge proofs; `none`: simulated ones. */
  readonly srs: SrsName;
  /** Every prover that made some of the proofs. */
  readonly provers: readonly Pick<ProverIdentity, 'kind' | 'version'>[];
  readonly times: ManifestTimes;
  readonly circuits: readonly ManifestCircuit[];
  readonly jobs: readonly ManifestJob[];
}

/** Over the jobs of which there is a record; moments are null where there is none of any job. */
export interface ManifestTimes {
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  /** From the first job's start to the last one's end, time between stopped runs included. */
  readonly makespanMs: number;
  /** Of the makespan, time in which at least one job ran. */
  readonly activeMs: number;
  /** Longest chain of jobs to the root by their own times: no schedule on any number of machines is faster. */
  readonly criticalPathMs: number;
  /** All jobs one after another. */
  readonly workMs: number;
}

/** Medians over the jobs of a circuit; null where no job tells. */
export interface ManifestCircuit {
  readonly circuit: CircuitName;
  readonly jobs: number;
  readonly medianWallMs: number | null;
  readonly medianCpuMs: number | null;
  readonly medianPeakMemoryBytes: number | null;
}

export interface ManifestJob {
  readonly jobId: JobId;
  readonly circuit: CircuitName;
  /** Index into the levels of the tree, leaves first. */
  readonly level: number;
  /** The job that takes this one's proof; null for the root. */
  readonly parentJobId: JobId | null;
  /**
   * Proofs made of it, over all runs: 1 however often they were stopped, more if a stored one was damaged. 0 where the
   * record of the run that made it is lost (`journal.jsonl` was damaged): it is proven, and all below is null.
   */
  readonly proofs: number;
  readonly workerId: string | null;
  readonly threads: number | null;
  /** Attempts its latest proof took: 1 for a job that never failed. */
  readonly attempts: number | null;
  /** Of the proving alone: wall time, and the prover's own CPU time and peak memory where they can be told. */
  readonly wallMs: number | null;
  readonly cpuMs: number | null;
  readonly peakMemoryBytes: number | null;
  readonly queuedMs: number | null;
  readonly witnessMs: number | null;
  readonly proveMs: number | null;
  readonly verifyMs: number | null;
  readonly storeMs: number | null;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
}
