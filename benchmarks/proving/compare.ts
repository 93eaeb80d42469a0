import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Engine, JobRequest } from '../../cli/index.js';
import { EspalierError } from '../../common/index.js';
import { watchOthers } from '../../native/index.js';
import type { Block, CircuitName, JobId, ResourceUsage } from '../../proto/index.js';
import type { BareProver, BareRun } from './bare-prover.js';
import { type EspalierRun, runEspalier } from './espalier-run.js';
import { keptJobs } from './kept-jobs.js';

/** A job proven by the bare prover. */
export interface BareJob {
  readonly jobId: JobId;
  readonly circuit: CircuitName;
  readonly usage: ResourceUsage;
  readonly proofBytes: number;
}

/** One repetition: the same jobs both ways. */
export interface Comparison {
  readonly espalier: EspalierRun;
  readonly bare: readonly BareJob[];
  /** Cores that other programs had while the bare prover was at work, on average. */
  readonly othersCores: number | null;
}

export interface CompareOptions {
  readonly block: Block;
  /** Given a folder for its files. */
  readonly bareProver: (folder: string) => BareProver;
  readonly repetitions: number;
  readonly progress: (line: string) => void;
}

interface ReadyJob {
  readonly jobId: JobId;
  /** The witness, which is large, is with the bare prover. */
  readonly request: Omit<JobRequest['request'], 'witness'>;
  readonly prove: () => Promise<BareRun>;
}

/**
 * Proves a block through Espalier and its jobs with the bare prover, in turn. The bare prover's witnesses are made once
 * from the first proofs; what it makes is verified between the timed parts.
 */
export async function compare(engine: Engine, options: CompareOptions): Promise<readonly Comparison[]> {
  const { block, repetitions, progress } = options;
  const folder = await mkdtemp(join(tmpdir(), 'espalier-bench-'));
  try {
    const bareProver = options.bareProver(join(folder, 'bare'));
    const comparisons: Comparison[] = [];
    let ready: readonly ReadyJob[] | undefined;
    for (let repetition = 1; repetition <= repetitions; repetition++) {
      progress(`proving: ${repetition} of ${repetitions}`);
      const proofs = join(folder, `espalier-${repetition}`);
      const espalier = await runEspalier(engine, block, proofs, progress);
      ready ??= await prepareAll(keptJobs(engine, block, proofs), bareProver);
      const others = watchOthers();
      const bare = await proveAll(engine, ready, progress);
      comparisons.push({ espalier, bare, othersCores: others() });
    }
    return comparisons;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function prepareAll(jobs: AsyncIterable<JobRequest>, bareProver: BareProver): Promise<readonly ReadyJob[]> {
  const ready: ReadyJob[] = [];
  for await (const { job, request } of jobs) {
    const { witness: _, ...rest } = request;
    ready.push({ jobId: job.id, request: rest, prove: await bareProver.prepare(job.id, request) });
  }
  return ready;
}

async function proveAll(
  { prover }: Engine,
  jobs: readonly ReadyJob[],
  progress: (line: string) => void,
): Promise<readonly BareJob[]> {
  const done: BareJob[] = [];
  for (const { jobId, request, prove } of jobs) {
    const { proof, usage } = await prove();
    if (!(await prover.verify({ ...request, proof }))) {
      throw new EspalierError('proof-invalid', `job ${jobId}: the bare proof does not verify`);
    }
    progress(`${jobId}: ${(usage.wallMs / 1000).toFixed(1)} s, bare`);
    done.push({ jobId, circuit: request.circuit.spec.name, usage, proofBytes: proof.proof.byteLength });
  }
  return done;
}
