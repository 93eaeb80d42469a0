import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Manifest } from '../../cli/index.js';
import { packageRoot } from '../../common/index.js';
import type { RunEvent } from '../../proto/index.js';
import { aliveInGroup, proverGroups, workingProver } from '../support/child-processes.js';
import { describeVerify } from './describe-verify.js';

/**
 * The whole, with real proofs and real processes: every circuit but the single root, killed in the middle with SIGKILL,
 * continued by the same command, verified, and then found finished. Ordered: each test goes on from the one before. This
 * is the one place where a VM, kernels, a public base, a merge and a root of two are proven; what `verify` refuses is
 * tried on the same block.
 */
const CLI = join(packageRoot(import.meta.url), 'dist', 'cli', 'main.js');
const JOBS = 9;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'espalier-e2e-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

interface Run {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly events: readonly RunEvent[];
  readonly stderr: string;
}

/** Runs the command to its end; `onEvent` may kill it. Events are the JSON lines of stdout. */
function espalier(
  args: readonly string[],
  onEvent?: (event: RunEvent, kill: () => void, pid: number) => void,
): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CLI, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    const events: RunEvent[] = [];
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (!line.startsWith('{"atMs"')) return;
      const event = JSON.parse(line) as RunEvent;
      events.push(event);
      onEvent?.(event, () => child.kill('SIGKILL'), child.pid ?? 0);
    });
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, events, stderr }));
  });
}

const provenIn = (run: Run) => run.events.filter((event) => event.kind === 'job-proven').map((event) => event.jobId);

let killed: Run;

test('a block is made, with private and public transactions mixed', async () => {
  const made = await espalier(['block', 'new', '--txs', '3', '--calls', '2,0,0', '--seed', '7', '--srs', 'dev']);
  expect(made.stderr).toContain('DEVELOPMENT SRS');
  expect(made.code).toBe(0);
});

test('SIGKILL in the middle ends the run and every prover it started', async () => {
  let groups: number[] = [];
  killed = await espalier(['prove', 'block.json', '--srs', 'dev'], (event, kill, pid) => {
    // Once a kernel runs on the proof of another job: something is finished and something is under way.
    if (event.kind !== 'job-proven' || event.circuit !== 'public-kernel-first') return;
    groups = proverGroups(pid);
    kill();
  });
  expect(killed.signal).toBe('SIGKILL');
  expect(provenIn(killed).length).toBeGreaterThan(0);
  expect(provenIn(killed).length).toBeLessThan(JOBS);
  expect(groups.length).toBeGreaterThan(0);
  await expect.poll(() => groups.flatMap(aliveInGroup)).toEqual([]);
});

test('the same command goes on, past a bb that is killed, proves what is missing, and no job twice', async () => {
  const resumed = await espalier(['prove', 'block.json', '--srs', 'dev', '--json'], (event, _, pid) => {
    if (event.kind !== 'job-started' || event.circuit !== 'merge-rollup' || event.attempt > 1) return;
    void workingProver(500, pid).then((prover) => process.kill(prover.pid, 'SIGKILL'));
  });
  expect(resumed.stderr).not.toContain('error');
  expect(resumed.code).toBe(0);
  const planned = resumed.events.find((event) => event.kind === 'planned');
  expect(planned).toMatchObject({ transactions: 3, calls: 2, jobs: JOBS });
  expect(planned?.kind === 'planned' && planned.alreadyProven).toBeGreaterThan(0);
  const retried = resumed.events.filter((event) => event.kind === 'job-retried');
  expect(retried).toMatchObject([
    { attempt: 1, error: { code: expect.stringMatching(/prover-crashed|out-of-memory/) } },
  ]);
  const before = new Set(provenIn(killed));
  expect(provenIn(resumed).filter((jobId) => before.has(jobId))).toEqual([]);
  const manifest = await readManifestFile();
  expect(manifest.jobs).toHaveLength(JOBS);
  expect(manifest.jobs.map((job) => [job.jobId, job.proofs])).toEqual(manifest.jobs.map((job) => [job.jobId, 1]));
  expect(new Set(manifest.jobs.map((job) => job.circuit)).size).toBe(7);
  expect(manifest).toMatchObject({ srs: 'development', times: { criticalPathMs: expect.any(Number) } });
  expect(manifest.times.makespanMs).toBeGreaterThanOrEqual(manifest.times.criticalPathMs);
});

test('child proofs are gone once their parents are durable: only the root is left', async () => {
  const stored = await readdir(join(folder, 'block.proof', 'store', 'proofs'));
  expect(stored).toEqual([expect.stringMatching(/^root-rollup\./)]);
});

test('the root proof verifies, and says which SRS it was made with', async () => {
  const verified = await espalier(['verify', 'block.proof']);
  expect(verified).toMatchObject({ code: 0, stderr: '' });
  const strict = await espalier(['verify', 'block.proof', '--srs', 'canonical']);
  expect(strict.code).toBe(6);
  expect(strict.stderr).toContain('development SRS');
});

test('the same command again has nothing to prove', async () => {
  const again = await espalier(['prove', 'block.json', '--srs', 'dev']);
  expect(again.code).toBe(0);
  expect(again.events.find((event) => event.kind === 'planned')).toMatchObject({ alreadyProven: JOBS });
  expect(again.events.find((event) => event.kind === 'block-proven')).toMatchObject({ proven: 0 });
});

describeVerify(() => folder);

async function readManifestFile(): Promise<Manifest> {
  return JSON.parse(await readFile(join(folder, 'block.proof', 'manifest.json'), 'utf8')) as Manifest;
}
