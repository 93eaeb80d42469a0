import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type JournalEntry, planBlock } from '../../orchestrator/index.js';
import type { CircuitName, ProofSummary } from '../../proto/index.js';
import { tempFolder } from '../../tests/support/temp-folder.js';
import { sampleSummary } from '../testing/sample-events.js';
import { buildManifest, type ManifestInput, median } from './build-manifest.js';
import { manifestText, writeManifest } from './manifest-file.js';

/** Circuit, start and end in seconds: two transactions of one call, and a pause after the VM jobs. */
const JOBS: readonly (readonly [CircuitName, number, number])[] = [
  ['public-vm', 0, 4],
  ['public-vm', 2, 10],
  ['public-kernel-first', 110, 130],
  ['public-kernel-first', 130, 160],
  ['base-rollup-public', 130, 140],
  ['base-rollup-public', 160, 172],
  ['root-rollup', 172, 200],
];
const EPOCH_MS = Date.UTC(2026, 0, 1);
const TREE = planBlock({
  lineageSeed: 'a'.repeat(64),
  transactionIds: ['b'.repeat(64), 'c'.repeat(64)],
  callCounts: [1, 1],
});

/** What the journal says of job `index`; undefined: nothing. */
type Change = (summary: ProofSummary, index: number) => ProofSummary | undefined;

function sampleInput(change: Change = (summary) => summary): ManifestInput {
  const entries = JOBS.flatMap(([circuit, start, end], index): [string, JournalEntry][] => {
    const times = { startedAtMs: EPOCH_MS + start * 1000, finishedAtMs: EPOCH_MS + end * 1000 };
    const summary = change(sampleSummary(circuit, TREE.jobId(index), times), index);
    return summary === undefined ? [] : [[TREE.jobId(index), { summary, proofs: 1 }]];
  });
  return {
    blockId: 'c'.repeat(64),
    tree: TREE,
    entries: new Map(entries),
    srs: 'development',
    keysHash: `0x${'1'.repeat(64)}`,
    rootPublicInputs: [`0x${'2'.repeat(64)}`],
  };
}

describe('buildManifest', () => {
  it('sets the makespan against the critical path and the work', () => {
    expect(buildManifest(sampleInput()).times).toEqual({
      startedAt: '2026-01-01T00:00:00.000Z',
      finishedAt: '2026-01-01T00:03:20.000Z',
      makespanMs: 200_000,
      activeMs: 100_000,
      criticalPathMs: (8 + 30 + 12 + 28) * 1000,
      workMs: (4 + 8 + 20 + 30 + 10 + 12 + 28) * 1000,
    });
  });

  it('lists every job once with its parent, and each circuit with its medians', () => {
    const { jobs, circuits, root, block } = buildManifest(
      sampleInput((summary, index) => ({ ...summary, usage: { ...summary.usage, cpuMs: index === 1 ? null : 7 } })),
    );
    expect(jobs.map((job) => job.circuit)).toEqual(JOBS.map(([circuit]) => circuit));
    expect(jobs[0]).toMatchObject({ parentJobId: jobs[2]?.jobId, wallMs: 4_000, attempts: 1, threads: 2 });
    expect(circuits.map(({ circuit, jobs: count }) => [circuit, count])).toEqual([
      ['public-vm', 2],
      ['public-kernel-first', 2],
      ['base-rollup-public', 2],
      ['root-rollup', 1],
    ]);
    expect(circuits[0]).toMatchObject({ medianWallMs: 6_000, medianCpuMs: 7 });
    expect(root.jobId).toBe(jobs[6]?.jobId);
    expect(block.jobs).toBe(7);
  });

  it.each<[string, Change]>([
    ['is lost', (summary, index) => (index === 3 ? undefined : summary)],
    ['is of another circuit', (summary, index) => (index === 3 ? { ...summary, circuit: 'merge-rollup' } : summary)],
    [
      'is on another SRS',
      (summary, index) => (index === 3 ? { ...summary, prover: { ...summary.prover, srs: 'canonical' } } : summary),
    ],
  ])('lists a job whose record %s as proven by nobody knows whom', (_, change) => {
    const { jobs, circuits, times } = buildManifest(sampleInput(change));
    const { jobId, circuit, level, parentJobId, proofs, ...rest } = jobs[3] ?? expect.unreachable();
    expect({ jobId, circuit, level, parentJobId, proofs }).toEqual({
      jobId: TREE.jobId(3),
      circuit: 'public-kernel-first',
      level: 1,
      parentJobId: TREE.jobId(5),
      proofs: 0,
    });
    expect(new Set(Object.values(rest))).toEqual(new Set([null]));
    expect(circuits[1]).toMatchObject({ circuit: 'public-kernel-first', jobs: 2, medianWallMs: 20_000 });
    expect(times).toMatchObject({ criticalPathMs: (4 + 20 + 10 + 28) * 1000, makespanMs: 200_000 });
  });

  it('is made where no record is left', () => {
    const { times, provers, circuits } = buildManifest(sampleInput(() => undefined));
    expect(times).toEqual({
      startedAt: null,
      finishedAt: null,
      makespanMs: 0,
      activeMs: 0,
      criticalPathMs: 0,
      workMs: 0,
    });
    expect(provers).toEqual([]);
    expect(circuits.map(({ jobs, medianWallMs }) => [jobs, medianWallMs])).toEqual([2, 2, 2, 1].map((n) => [n, null]));
  });
});

it('takes the median of what is there', () => {
  expect(median([3, null, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect(median([null])).toBeNull();
});

describe('manifest.json', () => {
  it('holds the manifest as JSON, and leaves no other file', async () => {
    const folder = await tempFolder();
    const manifest = buildManifest(sampleInput());
    await writeManifest(folder, manifest);
    await writeManifest(folder, manifest);
    expect(JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8'))).toEqual(manifest);
    expect(await readdir(folder)).toEqual(['manifest.json']);
  });

  it('has one line a job', () => {
    const lines = manifestText(buildManifest(sampleInput())).split('\n');
    expect(lines.filter((line) => line.includes('"parentJobId"'))).toHaveLength(7);
  });
});
