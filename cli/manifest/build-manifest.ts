import { criticalPathMs, type JournalEntry, type ProofTree } from '../../orchestrator/index.js';
import type { BlockId, CircuitName, JobId, ProofSummary, SrsName } from '../../proto/index.js';
import { CIRCUIT_NAMES, workMs as workOf } from '../../proto/index.js';
import {
  MANIFEST_VERSION,
  type Manifest,
  type ManifestCircuit,
  type ManifestJob,
  type ManifestTimes,
} from './manifest.js';

export interface ManifestInput {
  readonly blockId: BlockId;
  readonly tree: ProofTree;
  /** Of every job, whichever run proved it. One that is missing, or fits neither the job nor the SRS, counts as lost. */
  readonly entries: ReadonlyMap<JobId, JournalEntry>;
  readonly srs: SrsName;
  readonly keysHash: string;
  readonly rootPublicInputs: readonly string[];
}

/** By job number; undefined where the record of who proved a job is lost. */
type Entries = readonly (JournalEntry | undefined)[];

/** The manifest of a block whose every job is proven. */
export function buildManifest(input: ManifestInput): Manifest {
  const { blockId, tree, srs, keysHash, rootPublicInputs } = input;
  const entries = Array.from({ length: tree.size }, (_, job) => entryOf(job, input));
  const summaries = entries.flatMap((entry) => (entry === undefined ? [] : [entry.summary]));
  return {
    version: MANIFEST_VERSION,
    block: { id: blockId, transactions: tree.transactions, calls: tree.calls, jobs: tree.size },
    root: { jobId: tree.jobId(tree.root), publicInputs: [...rootPublicInputs] },
    keysHash,
    srs,
    provers: distinctProvers(summaries),
    times: timesOf(tree, entries),
    circuits: CIRCUIT_NAMES.flatMap((circuit) => circuitRow(circuit, tree, entries)),
    jobs: entries.map((entry, job) => jobRow(tree, job, entry)),
  };
}

function entryOf(job: number, { tree, entries, srs }: ManifestInput): JournalEntry | undefined {
  const entry = entries.get(tree.jobId(job));
  return entry?.summary.circuit === tree.circuit(job) && entry.summary.prover.srs === srs ? entry : undefined;
}

function distinctProvers(summaries: readonly ProofSummary[]): Manifest['provers'] {
  const provers = new Map(
    summaries.map(({ prover: { kind, version } }) => [`${kind} ${version}`, { kind, version }] as const),
  );
  return [...provers].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, prover]) => prover);
}

function timesOf(tree: ProofTree, entries: Entries): ManifestTimes {
  const byStart = entries
    .flatMap((entry) => (entry === undefined ? [] : [entry.summary]))
    .sort((a, b) => a.startedAtMs - b.startedAtMs);
  const startMs = byStart[0]?.startedAtMs;
  let untilMs = startMs ?? 0;
  let activeMs = 0;
  for (const summary of byStart) {
    activeMs += Math.max(0, summary.finishedAtMs - Math.max(untilMs, summary.startedAtMs));
    untilMs = Math.max(untilMs, summary.finishedAtMs);
  }
  const durationMs = (job: number) => {
    const summary = entries[job]?.summary;
    return summary === undefined ? 0 : workOf(summary.timings);
  };
  return {
    startedAt: startMs === undefined ? null : toIso(startMs),
    finishedAt: startMs === undefined ? null : toIso(untilMs),
    makespanMs: untilMs - (startMs ?? 0),
    activeMs,
    criticalPathMs: criticalPathMs(tree, durationMs),
    workMs: byStart.reduce((sum, { timings }) => sum + workOf(timings), 0),
  };
}

function circuitRow(circuit: CircuitName, tree: ProofTree, entries: Entries): ManifestCircuit[] {
  const ofCircuit = entries.filter((_, job) => tree.circuit(job) === circuit);
  if (ofCircuit.length === 0) return [];
  const usages = ofCircuit.flatMap((entry) => (entry === undefined ? [] : [entry.summary.usage]));
  return [
    {
      circuit,
      jobs: ofCircuit.length,
      medianWallMs: median(usages.map((usage) => usage.wallMs)),
      medianCpuMs: median(usages.map((usage) => usage.cpuMs)),
      medianPeakMemoryBytes: median(usages.map((usage) => usage.peakMemoryBytes)),
    },
  ];
}

function jobRow(tree: ProofTree, job: number, entry: JournalEntry | undefined): ManifestJob {
  const parent = tree.parent(job);
  const summary = entry?.summary;
  return {
    jobId: tree.jobId(job),
    circuit: tree.circuit(job),
    level: tree.levelOf(job),
    parentJobId: parent < 0 ? null : tree.jobId(parent),
    proofs: entry?.proofs ?? 0,
    workerId: summary?.workerId ?? null,
    threads: summary?.threads ?? null,
    attempts: summary?.attempts ?? null,
    wallMs: summary?.usage.wallMs ?? null,
    cpuMs: summary?.usage.cpuMs ?? null,
    peakMemoryBytes: summary?.usage.peakMemoryBytes ?? null,
    queuedMs: summary?.timings.queuedMs ?? null,
    witnessMs: summary?.timings.witnessMs ?? null,
    proveMs: summary?.timings.proveMs ?? null,
    verifyMs: summary?.timings.verifyMs ?? null,
    storeMs: summary?.timings.storeMs ?? null,
    startedAt: summary === undefined ? null : toIso(summary.startedAtMs),
    finishedAt: summary === undefined ? null : toIso(summary.finishedAtMs),
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
