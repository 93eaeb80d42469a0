import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CircuitName, ProofSummary } from '../../proto/index.js';
import { sampleSummary } from '../testing/sample-events.js';
import { buildManifest, type ManifestInput, median } from './build-manifest.js';
import { manifestText, parseManifest, readManifest, writeManifest } from './manifest-file.js';

/** Circuit, parent's index, start and end in seconds: two transactions of one call, and a pause after the VM jobs. */
const JOBS: readonly (readonly [CircuitName, number | null, number, number])[] = [
  ['public-vm', 2, 0, 4],
  ['public-vm', 3, 2, 10],
  ['public-kernel-first', 4, 110, 130],
  ['public-kernel-first', 5, 130, 160],
  ['base-rollup-public', 6, 130, 140],
  ['base-rollup-public', 6, 160, 172],
  ['root-rollup', null, 172, 200],
];
const EPOCH_MS = Date.UTC(2026, 0, 1);

function sampleInput(
  change: (summary: ProofSummary, index: number) => ProofSummary = (summary) => summary,
): ManifestInput {
  const id = (index: number): string => `${JOBS[index]?.[0]}.${index}.${'b'.repeat(32)}`;
  const summaries = JOBS.map(([circuit, , start, end], index) => {
    const times = { startedAtMs: EPOCH_MS + start * 1000, finishedAtMs: EPOCH_MS + end * 1000 };
    return [id(index), change(sampleSummary(circuit, id(index), times), index)] as const;
  });
  return {
    block: { id: 'c'.repeat(64), transactions: 2, calls: 2 },
    tree: JOBS.map(([circuit, parent], index) => {
      return { jobId: id(index), circuit, level: 0, parentJobId: parent === null ? null : id(parent) };
    }),
    entries: new Map(summaries.map(([jobId, summary]) => [jobId, { summary, proofs: 1 }])),
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

  it('refuses a job without a record, a record of another circuit, and two SRS', () => {
    const input = sampleInput();
    const entries = new Map(input.entries);
    entries.delete(input.tree[3]?.jobId ?? '');
    expect(() => buildManifest({ ...input, entries })).toThrow(/public-kernel-first\.3.* has no proof record/);
    const other = sampleInput((summary, index) => (index === 2 ? { ...summary, circuit: 'merge-rollup' } : summary));
    expect(() => buildManifest(other)).toThrow('is of circuit merge-rollup, planned was public-kernel-first');
    const mixed = sampleInput((summary, index) => {
      return index === 2 ? { ...summary, prover: { ...summary.prover, srs: 'canonical' } } : summary;
    });
    expect(() => buildManifest(mixed)).toThrow('2 SRS: development, canonical');
  });
});

it('takes the median of what is there', () => {
  expect(median([3, null, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect(median([null])).toBeNull();
});

describe('manifest.json', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'espalier-manifest-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('is read back as it was written, and leaves no other file', async () => {
    const manifest = buildManifest(sampleInput());
    await writeManifest(folder, manifest);
    await writeManifest(folder, manifest);
    expect(await readManifest(folder)).toEqual(manifest);
    expect(await readdir(folder)).toEqual(['manifest.json']);
  });

  it('has one line a job', () => {
    const lines = manifestText(buildManifest(sampleInput())).split('\n');
    expect(lines.filter((line) => line.includes('"parentJobId"'))).toHaveLength(7);
  });

  it('is asked for where there is none', async () => {
    await expect(readManifest(folder)).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('ENOENT'),
    });
  });

  it('names what is wrong with it', () => {
    const manifest = buildManifest(sampleInput());
    const parse = (value: unknown) => () => parseManifest(JSON.stringify(value), 'out/manifest.json');
    expect(() => parseManifest('{', 'out/manifest.json')).toThrow(/^out\/manifest\.json is not JSON: /);
    expect(parse({ ...manifest, version: 2 })).toThrow('has version 2, where this espalier reads version 1');
    expect(parse({ ...manifest, keysHash: 'x' })).toThrow('at keysHash: must be 0x and 64 hexadecimal digits');
    expect(parse({ ...manifest, jobs: [{ ...manifest.jobs[0], attempts: 0 }] })).toThrow('at jobs.0.attempts');
    expect(parse({ ...manifest, extra: 1 })).toThrow('extra');
    expect(parse(null)).toThrow('is not a manifest');
  });
});
