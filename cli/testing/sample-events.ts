import type { CircuitName, JobId, ProofSummary, RunEvent, TreeLevel } from '../../proto/index.js';

/** For tests: the events of made-up runs. */

const PROVER = { kind: 'native', version: '5.0.0', srs: 'development' } as const;

export function sampleSummary(
  circuit: CircuitName,
  jobId: JobId,
  times: { readonly startedAtMs: number; readonly finishedAtMs: number },
): ProofSummary {
  const wallMs = times.finishedAtMs - times.startedAtMs;
  return {
    jobId,
    circuit,
    keyHash: `0x${'0'.repeat(63)}1`,
    prover: PROVER,
    workerId: 'worker-1',
    ...times,
    threads: 2,
    usage: { wallMs, cpuMs: 2 * wallMs, peakMemoryBytes: 1_000_000 },
    timings: { queuedMs: 0, witnessMs: 0, proveMs: wallMs, verifyMs: 0, storeMs: 0 },
    attempts: 1,
    signature: null,
  };
}

export function planned(
  levels: readonly TreeLevel[],
  options: { readonly transactions: number; readonly calls: number; readonly alreadyProvenByLevel?: readonly number[] },
): RunEvent {
  const alreadyProvenByLevel = options.alreadyProvenByLevel ?? levels.map(() => 0);
  return {
    kind: 'planned',
    atMs: 0,
    blockId: '3f9a12c04b'.padEnd(64, '0'),
    transactions: options.transactions,
    calls: options.calls,
    jobs: levels.reduce((sum, level) => sum + level.jobs, 0),
    alreadyProven: alreadyProvenByLevel.reduce((sum, count) => sum + count, 0),
    alreadyProvenByLevel,
    levels,
    prover: PROVER,
  };
}

export function started(circuit: CircuitName, position: string, level: number, atMs: number, attempt = 1): RunEvent {
  return { kind: 'job-started', atMs, jobId: jobId(circuit, position), circuit, level, workerId: 'worker-1', attempt };
}

export function proven(
  circuit: CircuitName,
  position: string,
  level: number,
  startedAtMs: number,
  finishedAtMs: number,
): RunEvent {
  const id = jobId(circuit, position);
  const summary = sampleSummary(circuit, id, { startedAtMs, finishedAtMs });
  return { kind: 'job-proven', atMs: finishedAtMs, jobId: id, circuit, level, summary };
}

export function jobId(circuit: CircuitName, position: string): JobId {
  return `${circuit}.${position}.${'a'.repeat(32)}`;
}

export const SAMPLE_LEVELS: readonly TreeLevel[] = [
  { name: 'public-vm', jobs: 6 },
  { name: 'public-kernel', jobs: 6 },
  { name: 'base', jobs: 4 },
  { name: 'merge 1', jobs: 2 },
  { name: 'root', jobs: 1 },
];

/** Two machines prove four transactions with six calls, level by level; each circuit takes `msOf` its default. */
export function sampleRun(msOf: (circuit: CircuitName) => number): RunEvent[] {
  const plan: (readonly [CircuitName, number])[] = [
    ...Array.from({ length: 6 }, () => ['public-vm', 0] as const),
    ...Array.from({ length: 4 }, () => ['public-kernel-first', 1] as const),
    ...Array.from({ length: 2 }, () => ['public-kernel-next', 1] as const),
    ...Array.from({ length: 4 }, () => ['base-rollup-public', 2] as const),
    ...Array.from({ length: 2 }, () => ['merge-rollup', 3] as const),
    ['root-rollup', 4],
  ];
  const events: RunEvent[] = [planned(SAMPLE_LEVELS, { transactions: 4, calls: 6 })];
  let atMs = 0;
  // Two at a time, the next two when both are done: no level here has an odd number of jobs but the root.
  for (let index = 0; index < plan.length; index += 2) {
    const pair = plan.slice(index, index + 2);
    const startMs = atMs;
    pair.forEach(([circuit, level], machine) => {
      events.push(started(circuit, `${index + machine}`, level, startMs));
    });
    pair.forEach(([circuit, level], machine) => {
      const endMs = startMs + msOf(circuit);
      events.push(proven(circuit, `${index + machine}`, level, startMs, endMs));
      atMs = Math.max(atMs, endMs);
    });
  }
  return events;
}
