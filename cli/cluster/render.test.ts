import { expect, it } from 'vitest';
import type { BlockResult, BlockStatus, WorkerInfo } from '../../proto/index.js';
import { sampleSummary } from '../testing/sample-events.js';
import { renderCluster, renderOpenBlock, renderResult } from './render-blocks.js';
import { renderProvers } from './render-provers.js';
import { renderWorkers } from './render-workers.js';
import { tallyProvers } from './tally-provers.js';

const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5);
const MINUTE_MS = 60_000;

const open: BlockStatus = {
  blockId: '5204d4316117'.padEnd(64, '0'),
  state: 'proving',
  transactions: 2,
  calls: 3,
  submittedAtMs: NOW_MS - 3 * MINUTE_MS,
  owner: 'node-a.1f2e3d4c',
  jobs: 9,
  done: 5,
  running: 2,
  levels: [],
  forecast: null,
  deadlineAtMs: null,
  keepProofs: false,
  lineageSeed: null,
  cursor: null,
};
const queued: BlockStatus = {
  ...open,
  blockId: 'ab'.repeat(32),
  state: 'queued',
  owner: null,
  jobs: 0,
  done: 0,
  running: 0,
};

const failed: BlockResult = {
  blockId: 'cd'.repeat(32),
  state: 'failed',
  transactions: 1,
  calls: 0,
  jobs: 2,
  submittedAtMs: NOW_MS - 5 * MINUTE_MS,
  endedAtMs: NOW_MS - 4 * MINUTE_MS,
  rootId: null,
  // What a prover says must not get to clear the terminal.
  error: { code: 'witness-unsatisfied', message: 'the\u001b[2J assertion\nfails', remedy: 'look into it' },
  failedJob: 'base-rollup-private.0.5e2c',
  lineageSeed: null,
};
const proven: BlockResult = {
  ...failed,
  blockId: 'ef'.repeat(32),
  state: 'proven',
  error: null,
  failedJob: null,
  rootId: 'root-rollup.1.0.5e2c',
};

const NO_JOBS = { waiting: 0, leased: 0 };
const EMPTY = { vm: NO_JOBS, rollup: NO_JOBS, gpu: NO_JOBS };

it('shows where open blocks are, how deep the queue is, and how others ended', () => {
  const queue = { ...EMPTY, vm: { waiting: 1_200, leased: 3 }, gpu: { waiting: 2, leased: 0 } };
  expect(renderCluster({ open: [open, queued], queue, ended: [failed, proven] }, NOW_MS).split('\n')).toEqual([
    'block         state    proven  running  submitted   owner',
    '5204d4316117  proving     5/9        2  3m 00s ago  node-a.1f2e3d4c',
    'abababababab  queued        -        0  3m 00s ago  -',
    '',
    'queue  waiting  leased',
    'vm       1,200       3',
    'gpu          2       0',
    '',
    'ended         as      jobs  took    when',
    'cdcdcdcdcdcd  failed     2  1m 00s  4m 00s ago  [witness-unsatisfied] the assertion | fails',
    'efefefefefef  proven     2  1m 00s  4m 00s ago',
    '',
  ]);
  expect(renderCluster({ open: [], queue: EMPTY, ended: [] }, NOW_MS)).toBe('no block is open\n');
});

it('shows one block in detail, open or ended, with what can be done next', () => {
  expect(renderOpenBlock(open, NOW_MS)).toMatch(/^jobs +5 of 9 proven, 2 running\nowner +node-a.1f2e3d4c$/m);
  expect(renderOpenBlock(queued, NOW_MS)).toMatch(/^jobs +not planned yet\nowner +none yet$/m);
  const text = renderResult(failed, NOW_MS);
  expect(text).toMatch(/^error +\[witness-unsatisfied\] the assertion \| fails$/m);
  expect(text).toMatch(/^job +base-rollup-private\.0\.5e2c: its inputs are kept for `espalier replay`$/m);
  expect(text).toMatch(/^ended +2026-01-02T03:00:05Z \(4m 00s ago\), after 1m 00s$/m);
  expect(renderResult(proven, NOW_MS)).toMatch(/^next +`espalier proof efefefefefef` fetches its root proof/m);
});

it('lists workers with what they offer, hold and have room for', () => {
  const worker: WorkerInfo = {
    workerId: 'node-a.1f2e3d4c',
    resources: { cores: 32, memoryBytes: 64 * 2 ** 30, gpus: 0 },
    classes: ['vm', 'rollup'],
    profile: 'production',
    prover: { kind: 'native', version: '5.0.0', srs: 'canonical' },
    publicKey: 'aa'.repeat(32),
    startedAtMs: NOW_MS - 90 * MINUTE_MS,
    state: 'working',
    running: 3,
    idle: { rollup: 1, vm: 0 },
  };
  const dry: WorkerInfo = {
    ...worker,
    prover: { kind: 'simulated', version: '1', srs: 'none' },
    state: 'draining',
    idle: {},
  };
  expect(renderWorkers([worker, dry], NOW_MS).split('\n')).toEqual([
    'worker           state     jobs  room for  classes    cores    memory  GPUs  prover                       up',
    'node-a.1f2e3d4c  working      3  1 rollup  vm,rollup     32  64.0 GiB     0  native 5.0.0, canonical SRS  1h 30m',
    'node-a.1f2e3d4c  draining     3  -         vm,rollup     32  64.0 GiB     0  simulated: proves nothing    1h 30m',
    '',
  ]);
  expect(renderWorkers([], NOW_MS)).toBe('no worker is there\n');
});

it('credits proofs to keys whose signature is good, and to nobody else', () => {
  const sign = (name: string, publicKey: string | null) => ({
    ...sampleSummary('public-vm', name, { startedAtMs: 0, finishedAtMs: 10_000 }),
    signature: publicKey === null ? null : { publicKey, proofDigest: '', value: '' },
  });
  const [a, b] = ['aa'.repeat(32), 'bb'.repeat(32)];
  const merge = { ...sign('e', a), circuit: 'merge-rollup' } as const;
  const tallies = tallyProvers(
    [sign('a', a), merge, sign('forged', a), sign('b', b), sign('c', null)],
    ({ jobId }) => jobId !== 'forged',
  );
  expect(tallies).toMatchObject([
    { publicKey: a, signature: 'good', proofs: 2, byCircuit: { 'public-vm': 1, 'merge-rollup': 1 }, coreMs: 40_000 },
    { publicKey: a, signature: 'bad', proofs: 1, provingMs: 10_000, coreMs: 20_000 },
    { publicKey: b, signature: 'good', proofs: 1 },
    { publicKey: null, signature: 'missing', proofs: 1 },
  ]);
  const text = renderProvers({ blockId: 'abc', jobs: 9, provers: tallies });
  expect(text).toMatch(/^block abc: who made 5 of 9 proofs is known$/m);
  expect(text).toMatch(/^aaaaaaaaaaaaaaaa… +worker-1 +BAD +1 +10\.0 s +20\.0 s +public-vm 1$/m);
  expect(text).toMatch(/^- +worker-1 +MISSING /m);
  expect(text).toMatch(
    /\nto be credited: 3 proofs, 1m 00s of core time\n2 proofs without a good signature: credited to/,
  );
});
