import { EspalierError } from '../../common/index.js';
import type { JournalEntry } from '../../orchestrator/index.js';
import type { BlockId, CircuitName, JobId, ProofSummary } from '../../proto/index.js';
import { CIRCUIT_NAMES, workMs as workOf } from '../../proto/index.js';
import { criticalPath } from './critical-path.js';
import { MANIFEST_VERSION, type Manifest, type ManifestCircuit, type ManifestJob } from './manifest-schema.js';

/** A job's place in the tree. */
export interface TreeJob {
  readonly jobId: JobId;
  readonly circuit: CircuitName;
  /** Index into the levels of the tree, leaves first. */
  readonly level: number;
  /** The job that takes this one's proof (for a kernel the next kernel, for the last one the base); null for the root. */
  readonly parentJobId: JobId | null;
}

export interface ManifestInput {
  readonly block: { readonly id: BlockId; readonly transactions: number; readonly calls: number };
  /** Every job of the tree, in the order in which the manifest shall list them. */
  readonly tree: readonly TreeJob[];
  /** Of every job, whichever run proved it. */
  readonly entries: ReadonlyMap<JobId, JournalEntry>;
  readonly keysHash: string;
  readonly rootPublicInputs: readonly string[];
}

/**
 * The manifest of a block whose every job is proven. An `EspalierError` of code `internal` where that does not hold:
 * a job without a summary, another circuit than planned, or proofs on more than one SRS.
 */
export function buildManifest(input: ManifestInput): Manifest {
  const { block, tree, keysHash, rootPublicInputs } = input;
  const pairs = tree.map((job) => ({ job, ...entryOf(job, input.entries) }));
  const summaries = pairs.map(({ summary }) => summary);
  const root = tree.find((job) => job.parentJobId === null);
  if (root === undefined) throw new EspalierError('internal', `block ${block.id} has no root job`);
  return {
    version: MANIFEST_VERSION,
    block: { id: block.id, transactions: block.transactions, calls: block.calls, jobs: tree.length },
    root: { jobId: root.jobId, publicInputs: [...rootPublicInputs] },
    keysHash,
    srs: commonSrs(summaries),
    provers: distinctProvers(summaries),
    times: timesOf(pairs),
    circuits: CIRCUIT_NAMES.flatMap((circuit) => circuitRow(circuit, summaries)),
    jobs: pairs.map(({ job, summary, proofs }) => jobRow(job, summary, proofs)),
  };
}

function entryOf(job: TreeJob, entries: ReadonlyMap<JobId, JournalEntry>): JournalEntry {
  const entry = entries.get(job.jobId);
  if (entry === undefined) throw new EspalierError('internal', `job ${job.jobId} has no proof record`);
  const { circuit } = entry.summary;
  if (circuit !== job.circuit) {
    const message = `the proof record of job ${job.jobId} is of circuit ${circuit}, planned was ${job.circuit}`;
    throw new EspalierError('internal', message);
  }
  return entry;
}

function commonSrs(summaries: readonly ProofSummary[]): Manifest['srs'] {
  const names = [...new Set(summaries.map((summary) => summary.prover.srs))];
  const [name] = names;
  if (name === undefined || names.length > 1) {
    throw new EspalierError('internal', `proofs of one block are based on ${names.length} SRS: ${names.join(', ')}`);
  }
  return name;
}

function distinctProvers(summaries: readonly ProofSummary[]): Manifest['provers'] {
  const provers = new Map(
    summaries.map(({ prover: { kind, version } }) => [`${kind} ${version}`, { kind, version }] as const),
  );
  return [...provers].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, prover]) => prover);
}

function timesOf(pairs: readonly { readonly job: TreeJob; readonly summary: ProofSummary }[]): Manifest['times'] {
  const byStart = pairs.map(({ summary }) => summary).sort((a, b) => a.startedAtMs - b.startedAtMs);
  const startMs = byStart[0]?.startedAtMs ?? 0;
  let untilMs = startMs;
  let activeMs = 0;
  let workMs = 0;
  for (const summary of byStart) {
    workMs += workOf(summary.timings);
    activeMs += Math.max(0, summary.finishedAtMs - Math.max(untilMs, summary.startedAtMs));
    untilMs = Math.max(untilMs, summary.finishedAtMs);
  }
  return {
    startedAt: toIso(startMs),
    finishedAt: toIso(untilMs),
    makespanMs: untilMs - startMs,
    activeMs,
    criticalPathMs: criticalPath(pairs.map(({ job, summary }) => ({ ...job, durationMs: workOf(summary.timings) }))),
    workMs,
  };
}

function circuitRow(circuit: CircuitName, all: readonly ProofSummary[]): ManifestCircuit[] {
  const usages = all.filter((summary) => summary.circuit === circuit).map(({ usage }) => usage);
  if (usages.length === 0) return [];
  return [
    {
      circuit,
      jobs: usages.length,
      medianWallMs: median(usages.map((usage) => usage.wallMs)) ?? 0,
      medianCpuMs: median(usages.map((usage) => usage.cpuMs)),
      medianPeakMemoryBytes: median(usages.map((usage) => usage.peakMemoryBytes)),
    },
  ];
}

function jobRow(job: TreeJob, summary: ProofSummary, proofs: number): ManifestJob {
  const { workerId, threads, attempts, usage, timings, startedAtMs, finishedAtMs } = summary;
  return {
    jobId: job.jobId,
    circuit: job.circuit,
    level: job.level,
    parentJobId: job.parentJobId,
    workerId,
    threads,
    attempts,
    proofs,
    wallMs: usage.wallMs,
    cpuMs: usage.cpuMs,
    peakMemoryBytes: usage.peakMemoryBytes,
    queuedMs: timings.queuedMs,
    witnessMs: timings.witnessMs,
    proveMs: timings.proveMs,
    verifyMs: timings.verifyMs,
    storeMs: timings.storeMs,
    startedAt: toIso(startedAtMs),
    finishedAt: toIso(finishedAtMs),
  };
}

/** Null when there is no number among them. */
export function median(values: readonly (number | null)[]): number | null {
  const sorted = values.filter((value) => value !== null).sort((a, b) => a - b);
  const upper = sorted[sorted.length >> 1];
  const lower = sorted[(sorted.length - 1) >> 1];
  return upper === undefined || lower === undefined ? null : (lower + upper) / 2;
}

function toIso(atMs: number): string {
  return new Date(atMs).toISOString();
}
