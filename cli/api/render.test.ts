import { expect, it } from 'vitest';
import type { BlockView, Capacity, WorkerInfo } from '../../proto/index.js';
import { sampleSummary } from '../testing/sample-events.js';
import { renderCluster, renderOpenBlock, renderResult } from './render-blocks.js';
import { renderCapacity } from './render-capacity.js';
import { renderProvers } from './render-provers.js';
import { renderWorkers } from './render-workers.js';
import { tallyProvers } from './tally-provers.js';

const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5);
const MINUTE_MS = 60_000;

const open: BlockView = {
  blockId: '5204d4316117'.padEnd(64, '0'),
  state: 'proving',
  transactions: 2,
  calls: 3,
  submittedAtMs: NOW_MS - 3 * MINUTE_MS,
  deadlineAtMs: NOW_MS + 5 * MINUTE_MS,
  owner: 'node-a.1f2e3d4c',
  jobs: 9,
  done: 5,
  running: 2,
  levels: [],
  forecast: {
    rootAtMs: NOW_MS + 6 * MINUTE_MS,
    demand: [{ resourceClass: 'vm', queued: 1_200, running: 3, soon: 4, soonMs: 30_000, slots: 3 }],
    late: {
      cause: 'workers',
      resourceClass: 'vm',
      missingSlots: 2,
      missingWorkers: 2,
      message: 'too few workers\u001b[2J of class vm',
    },
  },
  endedAtMs: null,
  rootId: null,
  error: null,
  failedJob: null,
  keepProofs: false,
};
const queued: BlockView = {
  ...open,
  blockId: 'ab'.repeat(32),
  state: 'queued',
  owner: null,
  jobs: 0,
  done: 0,
  running: 0,
  forecast: null,
  deadlineAtMs: null,
};

const failed: BlockView = {
  ...queued,
  blockId: 'cd'.repeat(32),
  state: 'failed',
  jobs: 2,
  submittedAtMs: NOW_MS - 5 * MINUTE_MS,
  endedAtMs: NOW_MS - 4 * MINUTE_MS,
  // What a prover says must not get to clear the terminal.
  error: { code: 'witness-unsatisfied', message: 'the\u001b[2J assertion\nfails', remedy: 'look into it' },
  failedJob: 'base-rollup-private.0.5e2c',
};
const proven: BlockView = {
  ...failed,
  blockId: 'ef'.repeat(32),
  state: 'proven',
  error: null,
  failedJob: null,
  rootId: 'root-rollup.1.0.5e2c',
};

const IDLE: Capacity = { demand: [], workers: {}, blocks: [] };
const BUSY: Capacity = {
  demand: open.forecast?.demand ?? [],
  workers: { vm: 3, rollup: 1 },
  blocks: [
    { blockId: open.blockId, timeLeftMs: 5 * MINUTE_MS, forecast: open.forecast },
    { blockId: queued.blockId, timeLeftMs: null, forecast: null },
  ],
};

it('shows where open blocks are, what they ask of the fleet, and how others ended', () => {
  expect(renderCluster({ open: [open, queued], capacity: BUSY, ended: [failed, proven] }, NOW_MS).split('\n')).toEqual([
    'block         state    proven  running  submitted   root             owner',
    '5204d4316117  proving     5/9        2  3m 00s ago  in 6m 00s, LATE  node-a.1f2e3d4c',
    'abababababab  queued        -        0  3m 00s ago  -                -',
    '',
    'class  queued  running  soon  slots  workers  short of',
    'vm      1,200        3     4      3        3         2',
    '',
    'ended         as      jobs  took    when',
    'cdcdcdcdcdcd  failed     2  1m 00s  4m 00s ago  [witness-unsatisfied] the assertion | fails',
    'efefefefefef  proven     2  1m 00s  4m 00s ago',
    '',
  ]);
  expect(renderCluster({ open: [], capacity: IDLE, ended: [] }, NOW_MS)).toBe('no block is open\n');
});

it('shows what is asked of each class, and how much time blocks have', () => {
  expect(renderCapacity(BUSY, NOW_MS).split('\n')).toEqual([
    'class  queued  running  soon  slots  workers  short of',
    'vm      1,200        3     4      3        3         2',
    '',
    'block         time left  root in    slack',
    '5204d4316117     5m 00s   6m 00s  -1m 00s  too few workers of class vm',
    'abababababab          -        -        -',
    '',
  ]);
  expect(renderCapacity(IDLE, NOW_MS)).toBe('nothing is asked of any class, and no worker is there\n');
});

it('shows one block in detail, open or ended, with what can be done next', () => {
  const detail = renderOpenBlock(open, NOW_MS);
  expect(detail).toMatch(/^jobs +5 of 9 proven, 2 running\nowner +node-a.1f2e3d4c$/m);
  expect(detail).toMatch(/^deadline +2026-01-02T03:09:05Z \(in 5m 00s\)$/m);
  expect(detail).toMatch(/^root +in 6m 00s \(03:10:05Z\), 1m 00s after its deadline$/m);
  expect(detail).toMatch(/^LATE +too few workers of class vm$/m);
  expect(detail).toMatch(/^demand +vm: 3 running on 3 slots, 1,200 queued, 4 soon$/m);
  expect(renderOpenBlock(queued, NOW_MS)).toMatch(/^jobs +not planned yet\nowner +none yet$/m);
  const text = renderResult(failed, NOW_MS);
  expect(text).toMatch(/^error +\[witness-unsatisfied\] the assertion \| fails$/m);
  expect(text).toMatch(/^job +base-rollup-private\.0\.5e2c: its inputs are kept for `espalier replay`$/m);
  expect(text).toMatch(/^ended +2026-01-02T03:00:05Z \(4m 00s ago\), after 1m 00s$/m);
  const inTime = { ...proven, deadlineAtMs: NOW_MS - 3 * MINUTE_MS };
  expect(renderResult(inTime, NOW_MS)).toMatch(/^deadline +kept, with 1m 00s left$/m);
  const late = { ...proven, deadlineAtMs: NOW_MS - 5 * MINUTE_MS };
  expect(renderResult(late, NOW_MS)).toMatch(/^deadline +missed by 1m 00s$/m);
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

it('credits proofs to keys whose signature is good, and to nobody else', async () => {
  const sign = (name: string, publicKey: string | null) => ({
    ...sampleSummary('public-vm', name, { startedAtMs: 0, finishedAtMs: 10_000 }),
    signature: publicKey === null ? null : { publicKey, proofDigest: '', value: '' },
  });
  const [a, b] = ['aa'.repeat(32), 'bb'.repeat(32)];
  const merge = { ...sign('e', a), circuit: 'merge-rollup' } as const;
  const tallies = await tallyProvers(
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
