import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tempFolder } from '../tests/support/temp-folder.js';
import type { FleetPlan } from './fleet/fleet-plan.js';
import { readTimings } from './fleet/read-timings.js';
import { runCli } from './run-cli.js';
import { captureContext } from './testing/test-context.js';

const MINUTE_MS = 60_000;

async function planFleet(...args: string[]) {
  const { context, stdout, stderr } = captureContext();
  const exitCode = await runCli(['plan-fleet', ...args], context);
  return { exitCode, stdout: stdout(), stderr: stderr() };
}

async function plans(...args: string[]) {
  const { exitCode, stdout, stderr } = await planFleet(...args, '--json');
  const lines = stdout.split('\n').filter((line) => line !== '');
  return { exitCode, stderr, plans: lines.map((line) => JSON.parse(line) as FleetPlan) };
}

const countsOf = ({ machines }: FleetPlan) => Object.fromEntries(machines.map(({ name, count }) => [name, count]));

it('finds a fleet for the window, with its cost, and says where the time goes', async () => {
  const { exitCode, stdout } = await planFleet('--txs', '64', '--window', '8m', '--price', 'vm=1.20,rollup=0.30');
  expect(exitCode).toBe(0);
  expect(stdout).toContain('64 transactions, 128 calls: 383 proofs\n');
  expect(stdout).toContain('this fleet proves it in 8m 00s\n');
  expect(stdout).toMatch(/^vm +\d+ +32 cores, 64 GiB +vm, rollup +\d+% +[\d.]+ +[\d.]+$/m);
  expect(stdout).toMatch(/^rollup +\d+ +8 cores, 16 GiB +rollup +\d+% +[\d.]+ +[\d.]+$/m);
  expect(stdout).toMatch(
    /^\d\.\d{3} times the lower bound [\dm ]+s: longest chain 5m 00s, work over capacity [\dm ]+s$/m,
  );
  expect(stdout).toMatch(/core hours, cost [\d.]+$/m);
  for (const level of ['public-vm', 'public-kernel', 'base', 'merge 5', 'root']) {
    expect(stdout).toMatch(new RegExp(`^${level} +\\d+ `, 'm'));
  }
});

it('says as JSON what a given fleet does, and whether it is in time', async () => {
  const options = ['--txs', '64', '--workers', 'vm=20,rollup=5', '--price', 'vm=2'];
  const inTime = await plans(...options, '--window', '20m');
  const [plan] = inTime.plans;
  expect(inTime.exitCode).toBe(0);
  expect(plan).toMatchObject({ transactions: 64, calls: 128, jobs: 383, inTime: true, runs: 1, failure: null });
  const { makespanMs = Number.NaN, hours, cost } = plan?.proven ?? {};
  expect(hours).toBeCloseTo((25 * makespanMs) / (60 * MINUTE_MS));
  expect(plan?.machines[0]?.cost).toBeCloseTo((2 * 20 * makespanMs) / (60 * MINUTE_MS));
  // Nobody said what a machine for the others costs.
  expect(cost).toBeNull();
  expect(await plans(...options, '--window', '6m')).toMatchObject({ exitCode: 1, plans: [{ inTime: false }] });
});

it('says when no fleet is in time, and what would have to be faster', async () => {
  const { exitCode, stdout } = await planFleet('--txs', '8', '--calls', '30', '--window', '8m');
  expect(exitCode).toBe(1);
  expect(stdout).toContain('no fleet proves it in 8m 00s\n');
  expect(stdout).toContain('its longest chain of proofs 17m 30s:\n');
  expect(stdout).toContain('1 public-vm of 30.0 s, 30 public-kernel of 30.0 s, 1 base of 30.0 s, 2 merge of 30.0 s');
  expect(stdout).toContain('have to be 2.19 times as fast');
});

it('plans with trouble for a share of the runs, the same for the same seed', async () => {
  const options = ['--txs', '24', '--window', '9m', '--runs', '4', '--confidence', '0.75'];
  const trouble = ['--jitter', '0.2', '--stragglers', '0.02x4', '--failures', '0.01'];
  const once = await plans(...options, ...trouble);
  expect(once.plans[0]).toMatchObject({ inTime: true, runs: 4 });
  expect(once.plans[0]?.runsInTime).toBeGreaterThanOrEqual(3);
  // Not what is said meanwhile: that is now and then, by the clock.
  expect((await plans(...options, ...trouble)).plans).toEqual(once.plans);
});

it('gives a curve over sizes of blocks', async () => {
  const { plans: curve } = await plans('--sweep', '8..20', '--window', '6m');
  expect(curve.map(({ transactions }) => transactions)).toEqual([8, 16, 20]);
  const cores = curve.map((plan) => 32 * (countsOf(plan)['vm'] ?? 0) + 8 * (countsOf(plan)['rollup'] ?? 0));
  expect(cores).toEqual([...cores].sort((a, b) => a - b));
  const { stdout } = await planFleet('--sweep', '8,16', '--workers', 'vm=4');
  expect(stdout.split('\n')[0]).toMatch(/^transactions +proofs +vm +rollup +makespan/);
  expect(stdout.split('\n')).toHaveLength(4);
});

it('routes a class for GPUs to machines that have them', async () => {
  const profile = join(await tempFolder(), 'gpu.json');
  await writeFile(
    profile,
    JSON.stringify({
      classes: { gpu: { cores: 8, memoryGiB: 32, gpus: 1 }, rollup: { cores: 8, memoryGiB: 15 } },
      circuits: { 'public-vm': 'gpu' },
    }),
  );
  const options = ['--profile', profile, '--txs', '8', '--window', '10m'];
  const { plans: found } = await plans(...options);
  expect(found[0]?.machines.map(({ name, classes, gpus }) => [name, classes, gpus])).toEqual([
    ['rollup', ['rollup'], 0],
    ['gpu', ['rollup', 'gpu'], 1],
  ]);
  expect(found[0]?.inTime).toBe(true);
  const { stderr } = await planFleet(...options, '--machines', 'small=8x32');
  expect(stderr).toContain('no kind of machine has the 8 cores, 32 GiB and 1 GPUs that class gpu asks for');
});

describe('a bad option ends with code 2 and says what is wanted', () => {
  it.each([
    [[], '--window or --workers is missing'],
    [['--workers', 'vm:3'], '--workers must be numbers of machines up to 1000000, as in vm=100,rollup=400, got "vm:3"'],
    [['--workers', 'vm=3,vm=4'], 'names each of at most 8 kinds once'],
    [['--workers', 'big=3'], '--workers names big, and the kinds of machine are vm, rollup'],
    [['--window', '8m', '--price', 'vm=3'], '--price must name all kinds of machine: vm, rollup'],
    [['--window', '8m', '--machines', 'vm=32'], '--machines must be cores, GiB and GPUs of each kind'],
    [['--window', '8m', '--stragglers', '0.1'], '--stragglers must be a share of the proofs and how many times'],
    [['--window', '8m', '--jitter', '1'], '--jitter must be a number from 0 to 0.99, got "1"'],
    [['--window', '8m', '--sweep', '20..10'], '--sweep must be numbers of transactions up to'],
    [['--window', '8m', '--timings', '0s'], '--timings 0s: a proof takes more than nothing and at most a day'],
  ])('%j', async (args, what) => {
    const { exitCode, stdout, stderr } = await planFleet(...args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain(what);
  });
});

describe('times of proofs', () => {
  const read = async (content: unknown, needed: Parameters<typeof readTimings>[1] = ['public-vm']) => {
    const folder = await tempFolder();
    await writeFile(join(folder, 'times.json'), typeof content === 'string' ? content : JSON.stringify(content));
    return readTimings('times.json', needed, { cwd: folder, env: { ESPALIER_CACHE: folder } });
  };

  it('are read from a file of laws, and with the trouble it names', async () => {
    const { times } = await read({
      circuits: { 'public-vm': { p50Ms: 20_000, p95Ms: 40_000 }, 'merge-rollup': { samplesMs: [1, 2] }, default: 500 },
      stragglers: { share: 0.1, factor: 3 },
      failures: 0.25,
    });
    expect(times.laws['merge-rollup']).toEqual({ kind: 'samples', samplesMs: [1, 2] });
    expect(times.laws['root-rollup']).toEqual({ kind: 'constant', ms: 500 });
    expect(times.laws['public-vm']).toMatchObject({ kind: 'lognormal', medianMs: 20_000 });
    expect(times).toMatchObject({ jitter: 0, stragglers: { share: 0.1, factor: 3 }, failures: 0.25 });
  });

  it('are those of a manifest, and of a circuit that is like one which it has none of', async () => {
    const job = { queuedMs: 1, witnessMs: 10, proveMs: 100, verifyMs: 5, storeMs: 1 };
    const jobs = [
      { circuit: 'public-vm', ...job },
      { circuit: 'public-vm', ...job, proveMs: 200 },
      { circuit: 'public-vm', ...job, proveMs: null },
      { circuit: 'root-rollup', ...job, proveMs: 300 },
    ];
    const { times } = await read({ version: 1, jobs }, ['public-vm', 'merge-rollup']);
    expect(times.laws['public-vm']).toEqual({ kind: 'samples', samplesMs: [116, 216] });
    expect(times.laws['merge-rollup']).toEqual({ kind: 'samples', samplesMs: [316] });
    await expect(read({ version: 1, jobs }, ['base-rollup-public'])).rejects.toThrow(
      'there are no times of base-rollup-public',
    );
  });

  it('are the newest of what was measured', async () => {
    const entries = [
      { circuit: 'public-vm', bytecodeHash: 'b', prover: 'native', version: '2', threads: 2, wallMs: [7, 8] },
      { circuit: 'public-vm', bytecodeHash: 'a', prover: 'native', version: '1', threads: 2, wallMs: [70] },
    ];
    expect((await read(entries)).times.laws['public-vm']).toEqual({ kind: 'samples', samplesMs: [7, 8] });
    const nothing = { cwd: '', env: { ESPALIER_CACHE: await tempFolder() } };
    await expect(readTimings('measured', ['public-vm'], nothing)).rejects.toThrow('there are no times of public-vm');
  });

  it.each([
    ['{', 'it cannot be read as JSON'],
    [{ circuits: { 'public-vm': -1 } }, 'circuits.public-vm'],
    [{ circuits: { nonsense: 1 } }, 'circuits'],
    [{ circuits: { default: { p50Ms: 2, p95Ms: 1 } } }, 'circuits.default'],
    [{ circuits: { default: 1 }, jitter: 1 }, 'jitter'],
    [{ circuits: {} }, 'there are no times of public-vm'],
  ])('are refused where they make no sense: %j', async (content, what) => {
    await expect(read(content)).rejects.toMatchObject({ code: 'usage', message: expect.stringContaining(what) });
  });
});
