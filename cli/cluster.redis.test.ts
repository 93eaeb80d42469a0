import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packageRoot } from '../common/index.js';
import type { BlockView, Capacity, WorkerInfo } from '../proto/index.js';
import { Program } from '../tests/faults/support/program.js';
import { type RedisServer, startRedis } from '../tests/support/redis-server.js';
import { runCommand } from '../tests/support/run-command.js';
import type { ProverTally } from './api/tally-provers.js';
import type { Manifest } from './manifest/index.js';

/** A whole cluster of real processes, as its user meets it: `npm run build:ts` first. Proofs are simulated. */

const MAIN = join(packageRoot(import.meta.url), 'dist/cli/main.js');
const TRANSACTIONS = 3;
const JOBS = 2 * 3 + TRANSACTIONS + (TRANSACTIONS - 1);

let redis: RedisServer;
let folder: string;
const programs: Program[] = [];
let env: Readonly<Record<string, string>>;

beforeAll(async () => {
  redis = await startRedis();
  folder = await mkdtemp(join(tmpdir(), 'espalier-cluster-'));
  env = {
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    ESPALIER_CACHE: join(folder, 'cache'),
    ESPALIER_REDIS: redis.url,
    ESPALIER_STORE: `file://${folder}/store`,
    ESPALIER_NAMESPACE: 'cli-test',
  };
});

afterAll(async () => {
  await Promise.all(programs.map((program) => program.end()));
  await redis.stop();
  await rm(folder, { recursive: true, force: true });
});

/** A process of the cluster, ready when this resolves. */
async function start(...args: readonly string[]): Promise<Program> {
  const program = new Program(args.join(' '), [MAIN, ...args, '--prover', 'simulated', '--json'], env);
  programs.push(program);
  await program.until(({ kind }) => kind === 'ready');
  return program;
}

/** An orchestrator, which commands ask from now on. */
async function startOrchestrator(name: string): Promise<Program> {
  const orchestrator = await start('orchestrator', '--name', name, '--listen', '127.0.0.1:0');
  const { address } = await orchestrator.until(({ kind }) => kind === 'api');
  env = { ...env, ESPALIER_SERVER: String(address) };
  return orchestrator;
}

/** A command to its end, in this process. */
async function run(...args: readonly string[]) {
  const { exitCode, stdout, stderr } = await runCommand(args, { cwd: folder, env });
  return { exitCode, stdout, stderr };
}

async function json<T>(...args: readonly string[]): Promise<T> {
  const { exitCode, stdout, stderr } = await run(...args, '--json');
  expect({ args, exitCode, stderr }).toEqual({ args, exitCode: 0, stderr: '' });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as T;
}

async function makeBlock(name: string, ...args: readonly string[]): Promise<void> {
  expect(await run('block', 'new', ...args, '--prover', 'simulated', '-o', name)).toMatchObject({ exitCode: 0 });
}

test('before there is anything there is nothing to see', async () => {
  await startOrchestrator('o1');
  expect(await run('status')).toEqual({ exitCode: 0, stdout: 'no block is open\n', stderr: '' });
  expect(await run('workers')).toEqual({ exitCode: 0, stdout: 'no worker is there\n', stderr: '' });
  const { exitCode, stderr } = await run('status', 'abcdef');
  expect({ exitCode, stderr }).toEqual({
    exitCode: 2,
    stderr: expect.stringMatching(/^error\[block-unknown\]: no block abcdef is open in namespace cli-test, /),
  });
});

test('an orchestrator and two workers prove a block that is watched from its submission to its end', async () => {
  await makeBlock('block.json', '--txs', String(TRANSACTIONS), '--calls', '1,0,2');
  for (const machine of ['m1', 'm2']) await start('worker', '--machine', machine, '--simulate-ms', '100');

  const workers = await json<WorkerInfo[]>('workers');
  expect(workers.map(({ workerId }) => workerId.replace(/\.[0-9a-f]{8}$/, ''))).toEqual(['m1', 'm2']);
  expect(workers).toMatchObject([{ state: 'working' }, { prover: { kind: 'simulated', srs: 'none' } }]);

  const watched = await run('submit', 'block.json', '--watch', '--json');
  const lines = watched.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(watched).toMatchObject({ exitCode: 0, stderr: '' });
  expect(lines[0]).toMatchObject({ kind: 'submission', outcome: 'submitted', transactions: TRANSACTIONS, calls: 3 });
  expect(lines.filter(({ kind }) => kind === 'job-proven')).toHaveLength(JOBS);
  expect(lines.at(-1)).toMatchObject({ kind: 'ended', block: { state: 'proven', jobs: JOBS, error: null } });
}, 60_000);

test('what became of it is seen by the beginning of its id, and submitting it again proves nothing', async () => {
  const { ended } = await json<{ ended: BlockView[] }>('status');
  expect(ended).toMatchObject([{ state: 'proven' }]);
  const id = ended[0]?.blockId ?? '';
  const shown = await run('status', id.slice(0, 6));
  expect(shown.stdout).toMatch(
    new RegExp(`^block +${id}\nstate +proven\ncontent +3 transactions, 3 calls\njobs +11$`, 'm'),
  );
  expect((await run('status')).stdout).toMatch(new RegExp(`^${id.slice(0, 12)} +proven +11 `, 'm'));

  const again = await run('submit', 'block.json', '--watch');
  expect(again).toMatchObject({ exitCode: 0, stdout: `${id}\n` });
  expect(again.stderr).toMatch(/^it is proven already; `espalier proof [0-9a-f]{12}` fetches its root proof\n/);
  const cancelled = await run('cancel', id);
  expect(cancelled).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/is not open: it is proven already/) });
});

test('both workers are credited with what they signed', async () => {
  const id = await onlyEnded();
  const { provers } = await json<{ provers: ProverTally[] }>('provers', id);
  expect(provers.every(({ signature }) => signature === 'good')).toBe(true);
  expect(provers.reduce((sum, { proofs }) => sum + proofs, 0)).toBe(JOBS);
  expect(new Set(provers.map(({ workerId }) => workerId.slice(0, 2)))).toEqual(new Set(['m1', 'm2']));
  const { stdout } = await run('provers', id);
  expect(stdout).toMatch(/^to be credited: 11 proofs, \d.* of core time$/m);
});

test('its root proof is fetched into the files of prove, verified before', async () => {
  const id = await onlyEnded();
  const { exitCode, stdout, stderr } = await run('proof', id.slice(0, 8), '--out', 'block.proof');
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(stdout).toMatch(/^SIMULATED: nothing was proven;/);
  const files = ['block.json', 'root/proof', 'root/public_inputs', 'root/vk', 'run.json'];
  expect(files.filter((name) => !existsSync(join(folder, 'block.proof', name)))).toEqual([]);
  const manifest = JSON.parse(await readFile(join(folder, 'block.proof/manifest.json'), 'utf8')) as Manifest;
  expect(manifest.block).toMatchObject({ id, jobs: JOBS });
  expect(
    manifest.jobs.map(({ workerId }) => workerId?.slice(0, 2)).filter((name) => !/^m[12]$/.test(name ?? '')),
  ).toEqual([]);
  const verified = await run('verify', 'block.proof');
  expect(verified).toMatchObject({ exitCode: 6, stderr: expect.stringMatching(/the proofs are simulated/) });
});

test('a worker that is told to drain ends well and says why; one that is unknown is named', async () => {
  const [first] = programs.filter(({ name }) => name.includes('--machine m1'));
  expect(await run('drain', 'm1', '--reason', 'a new kernel')).toMatchObject({ exitCode: 0 });
  expect(await first?.exited).toEqual({ code: 0, signal: null });
  expect(first?.events.at(-2)).toMatchObject({ kind: 'drain', reason: 'a new kernel' });
  expect(first?.events.at(-1)).toMatchObject({ kind: 'ended' });
  const unknown = await run('drain', 'm9');
  expect(unknown).toMatchObject({
    exitCode: 2,
    stderr: expect.stringMatching(/^error\[worker-unknown\]: no worker "m9" is alive/),
  });
});

test('SIGTERM in the middle of a proof: it is finished, and the worker ends well', async () => {
  await makeBlock('second.json', '--txs', '4', '--calls', '1', '--seed', '2');
  const slow = await start('worker', '--machine', 'm3', '--simulate-ms', '1500');
  const other = programs.find(({ name }) => name.includes('--machine m2'));
  other?.kill('SIGTERM');
  expect(await other?.exited).toEqual({ code: 0, signal: null });
  expect((await run('submit', 'second.json')).exitCode).toBe(0);
  const { jobId } = await slow.until(({ kind }) => kind === 'proof-started');
  const { demand } = await json<Capacity>('capacity');
  expect(demand.some(({ queued, running }) => queued + running > 0)).toBe(true);
  slow.kill('SIGTERM');
  expect(await slow.exited).toEqual({ code: 0, signal: null });
  expect(slow.events.filter((event) => event.jobId === jobId).map(({ kind }) => kind)).toEqual([
    'proof-started',
    'proof-made',
  ]);
}, 60_000);

test('a block is cancelled, and its watcher told so by the exit code', async () => {
  const { open } = await json<{ open: BlockView[] }>('status');
  const [{ blockId } = { blockId: '' }] = open;
  expect(open).toHaveLength(1);
  const refused = await run('forget', blockId);
  expect(refused.exitCode).toBe(2);
  const watching = new Program('watching', [MAIN, 'submit', join(folder, 'second.json'), '--watch', '--json'], env);
  programs.push(watching);
  await watching.until(({ kind }) => kind === 'snapshot');
  expect(await run('cancel', blockId.slice(0, 10))).toEqual({
    exitCode: 0,
    stdout: `block ${blockId.slice(0, 12)} is cancelled\n`,
    stderr: '',
  });
  expect(await watching.exited).toEqual({ code: 130, signal: null });
  expect(watching.events[0]).toMatchObject({ kind: 'submission', outcome: 'open' });
  expect(watching.output).toMatch(/^error\[cancelled\]: block [0-9a-f]{12} was cancelled; /m);
}, 60_000);

test('what ended is forgotten, and nothing of it is left', async () => {
  for (const id of await endedIds()) expect(await run('forget', id)).toMatchObject({ exitCode: 0, stderr: '' });
  expect(await endedIds()).toEqual([]);
  const entries = await readdir(join(folder, 'store'), { recursive: true, withFileTypes: true });
  expect(entries.filter((entry) => entry.isFile()).map(({ name }) => name)).toEqual([]);
});

test('a block that is submitted while it is being cancelled is taken up again when that is over', async () => {
  await makeBlock('third.json', '--txs', '1', '--calls', '0', '--seed', '3');
  expect((await run('submit', 'third.json')).exitCode).toBe(0);
  const { open } = await json<{ open: BlockView[] }>('status');
  const id = open[0]?.blockId.slice(0, 12) ?? '';
  await expect.poll(async () => (await json<BlockView>('status', id)).state).toBe('proving');
  expect((await run('status', id)).stdout).toMatch(/^no worker is alive: /m);
  expect(await json('cancel', id, '--no-wait')).toEqual({ blockId: open[0]?.blockId, state: 'cancelling' });
  expect(await json('submit', 'third.json')).toMatchObject({ kind: 'submission', outcome: 'submitted' });
  expect(await json('cancel', id)).toMatchObject({ state: 'cancelled' });
  expect((await run('submit', 'third.json')).exitCode).toBe(0);
  await start('worker', '--machine', 'm4', '--simulate-ms', '10');
  expect((await run('watch', id)).exitCode).toBe(0);
}, 60_000);

test('SIGTERM ends the orchestrator well', async () => {
  const orchestrator = programs.find(({ name }) => name.startsWith('orchestrator'));
  orchestrator?.kill('SIGTERM');
  expect(await orchestrator?.exited).toEqual({ code: 0, signal: null });
  expect(orchestrator?.events.at(-1)).toMatchObject({ kind: 'ended' });
});

/** Of blocks that have ended, the latest first. */
async function endedIds(): Promise<string[]> {
  const { ended } = await json<{ ended: BlockView[] }>('status');
  return ended.map(({ blockId }) => blockId);
}

async function onlyEnded(): Promise<string> {
  const [id, ...others] = await endedIds();
  expect(others).toEqual([]);
  return id ?? 'none has ended';
}
