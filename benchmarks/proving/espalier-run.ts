import { chosenProfile, type Engine, proveRun } from '../../cli/index.js';
import { systemClock } from '../../common/index.js';
import { watchOthers } from '../../native/index.js';
import { type Block, type Profile, type ProofSummary, sourceOf } from '../../proto/index.js';

/** A block proven once through Espalier. */
export interface EspalierRun {
  /** The one that this machine was tuned to, else that for its size. */
  readonly profile: Profile;
  /** In the order in which they were proven. */
  readonly jobs: readonly ProofSummary[];
  /** From the moment the block was planned, just before its first job is taken, until the root proof is durable and its job acknowledged. */
  readonly jobsMs: number;
  /** With what comes before and after: client proofs verified, the block executed, the root proof checked. */
  readonly endToEndMs: number;
  /** Cores that other programs had meanwhile, on average. */
  readonly othersCores: number | null;
}

/** Proves a block into a folder as `espalier prove --keep-proofs` does, in this process. */
export async function runEspalier(
  engine: Engine,
  block: Block,
  folder: string,
  progress: (line: string) => void,
): Promise<EspalierRun> {
  const jobs: ProofSummary[] = [];
  let firstMs = Number.NaN;
  let provenMs = Number.NaN;
  const { profile } = await chosenProfile(undefined, process.env);
  const others = watchOthers();
  const startedMs = performance.now();
  await proveRun(
    engine,
    {
      source: sourceOf(block),
      folder,
      profile,
      keepProofs: true,
      onEvent: (event) => {
        if (event.kind === 'planned') firstMs = performance.now();
        if (event.kind === 'block-proven') provenMs = performance.now();
        if (event.kind === 'warning' || event.kind === 'job-retried') progress(JSON.stringify(event));
        if (event.kind !== 'job-proven') return;
        jobs.push(event.summary);
        progress(`${event.jobId}: ${(event.summary.timings.proveMs / 1000).toFixed(1)} s, espalier`);
      },
    },
    { clock: systemClock, signal: new AbortController().signal },
  );
  return {
    profile,
    jobs,
    jobsMs: provenMs - firstMs,
    endToEndMs: performance.now() - startedMs,
    othersCores: others(),
  };
}
