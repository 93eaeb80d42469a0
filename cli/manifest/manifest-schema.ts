import { z } from 'zod';
import { CIRCUIT_NAMES } from '../../proto/index.js';

export const MANIFEST_VERSION = 1;

/** A time or a figure in milliseconds. */
const ms = z.number().nonnegative();
const count = z.int().nonnegative();
const fieldHex = z.string().regex(/^0x[0-9a-f]{64}$/, 'must be 0x and 64 hexadecimal digits');
const circuit = z.enum(CIRCUIT_NAMES);

const jobSchema = z.strictObject({
  jobId: z.string(),
  circuit,
  /** Index into the levels of the tree, leaves first. */
  level: count,
  /** The job that takes this one's proof; null for the root. */
  parentJobId: z.string().nullable(),
  workerId: z.string(),
  threads: z.int().positive(),
  /** Attempts its latest proof took: 1 for a job that never failed. */
  attempts: z.int().positive(),
  /** Proofs made of it, over all runs: 1 however often they were stopped, more if a stored one was damaged. */
  proofs: z.int().positive(),
  /** Of the proving alone: wall time, and the prover's own CPU time and peak memory where they can be told. */
  wallMs: ms,
  cpuMs: ms.nullable(),
  peakMemoryBytes: count.nullable(),
  queuedMs: ms,
  witnessMs: ms,
  proveMs: ms,
  verifyMs: ms,
  storeMs: ms,
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime(),
});

const circuitSchema = z.strictObject({
  circuit,
  jobs: z.int().positive(),
  /** Medians over these jobs; null where no job tells. */
  medianWallMs: ms,
  medianCpuMs: ms.nullable(),
  medianPeakMemoryBytes: ms.nullable(),
});

/** What `manifest.json` holds. */
export const manifestSchema = z.strictObject({
  version: z.literal(MANIFEST_VERSION),
  block: z.strictObject({
    id: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits'),
    transactions: z.int().positive(),
    calls: count,
    jobs: z.int().positive(),
  }),
  root: z.strictObject({
    jobId: z.string(),
    /** Of the root's proof, in the order of docs/circuits.md (`RollupPublic`). */
    publicInputs: z.array(fieldHex),
  }),
  /** Hash of all verification keys of the tree (docs/circuits.md, tag `keys`). */
  keysHash: fieldHex,
  /** What all proofs are based on. Whoever knows tau of `development` can forge proofs; `none`: simulated ones. */
  srs: z.enum(['canonical', 'development', 'none']),
  /** Every prover that made some of the proofs. */
  provers: z.array(z.strictObject({ kind: z.enum(['native', 'wasm', 'external', 'simulated']), version: z.string() })),
  times: z.strictObject({
    startedAt: z.iso.datetime(),
    finishedAt: z.iso.datetime(),
    /** From the first job's start to the last one's end, time between stopped runs included. */
    makespanMs: ms,
    /** Of the makespan, time in which at least one job ran. */
    activeMs: ms,
    /** Longest chain of jobs to the root by their own times: no schedule on any number of machines is faster. */
    criticalPathMs: ms,
    /** All jobs one after another. */
    workMs: ms,
  }),
  circuits: z.array(circuitSchema),
  jobs: z.array(jobSchema),
});

export type Manifest = z.infer<typeof manifestSchema>;
export type ManifestJob = z.infer<typeof jobSchema>;
export type ManifestCircuit = z.infer<typeof circuitSchema>;
