import { describe, expect, it } from 'vitest';
import { Bench, treeOf } from '../../tests/support/scheduler-bench.js';

const NAMES = Array.from({ length: 64 }, (_, t) => String.fromCodePoint(0x4e00 + t)).join('');
const tree = treeOf(NAMES, new Array(64).fill(0));
const base = (t: number) => tree.jobId(tree.baseJob(t));
const USUAL_MS = 10_000;
const LIMIT_MS = 1.5 * USUAL_MS;

/** Every base has been started, and all but the last `running` are proven, in `USUAL_MS` each. */
function nearlyDone(running: number): Bench {
  const bench = new Bench().add('block', tree);
  for (let t = 0; t < 64; t++) bench.start(base(t));
  for (let t = 0; t < 64 - running; t++) bench.arrive(base(t), 1, USUAL_MS);
  // Their merges run as well.
  for (let m = 0; m < 32; m++) bench.start(tree.jobId(tree.joinJob(1, m)));
  return bench;
}

/** Ticks as often as the scheduler asks for it, up to a time; returns what was tried a second time. */
function hedgedUntil(bench: Bench, untilMs: number): string[] {
  const hedged: string[] = [];
  while (bench.wakeAtMs !== undefined && bench.wakeAtMs <= untilMs)
    hedged.push(...bench.tick(bench.wakeAtMs).ids('detach'));
  return hedged;
}

describe('a job that takes too long', () => {
  it('is detached and tried a second time, as soon as it is too long', () => {
    const bench = nearlyDone(1).idle({ rollup: 1 });
    expect(hedgedUntil(bench, LIMIT_MS - 1)).toEqual([]);
    bench.tick(LIMIT_MS);
    expect(bench.kinds.filter((kind) => kind !== 'wake')).toEqual([
      'report-recounted',
      'detach',
      'remember',
      'enqueue',
    ]);
    expect(bench.ids('detach')).toEqual([base(63)]);
    expect(bench.all('enqueue')[0]?.jobs).toMatchObject([{ job: { id: base(63) }, attempt: 2 }]);
    expect(bench.remembered('block').get(base(63))?.attempt).toBe(2);
  });

  it('is woken for in time, and not more often than needed', () => {
    const bench = nearlyDone(1).idle({ rollup: 1 });
    const wakes: number[] = [];
    while (bench.wakeAtMs !== undefined && bench.wakeAtMs <= LIMIT_MS) {
      wakes.push(bench.wakeAtMs);
      bench.tick(bench.wakeAtMs);
    }
    expect(wakes).toEqual([1_000, LIMIT_MS]);
  });

  it.each([
    ['nobody is idle', {}],
    ['only workers of another class are', { vm: 4 }],
  ])('is left alone while %s', (_, idle) => {
    expect(hedgedUntil(nearlyDone(1).idle(idle), 10 * LIMIT_MS)).toEqual([]);
  });

  it('is left alone while another job of its class waits', () => {
    const bench = nearlyDone(1)
      .add('another', treeOf('z', [0]))
      .idle({ rollup: 5 });
    expect(hedgedUntil(bench, 3 * LIMIT_MS)).toEqual([]);
    bench.start(treeOf('z', [0]).jobId(0));
    expect(hedgedUntil(bench, 5 * LIMIT_MS)).toEqual([base(63)]);
  });

  it('is left alone while too little was measured', () => {
    const bench = new Bench().add('block', tree);
    for (let t = 0; t < 64; t++) bench.start(base(t));
    for (let t = 0; t < 7; t++) bench.arrive(base(t), 1, USUAL_MS);
    expect(hedgedUntil(bench.idle({ rollup: 9 }), 10 * LIMIT_MS)).toEqual([]);
  });

  it('is tried a second time only once', () => {
    const bench = nearlyDone(1).idle({ rollup: 9 });
    expect(hedgedUntil(bench, LIMIT_MS)).toEqual([base(63)]);
    bench.start(base(63), 2).idle({ rollup: 9 });
    expect(hedgedUntil(bench, 20 * LIMIT_MS)).toEqual([]);
  });

  it('is tried again within the budget: one at a time among few, and one for each idle place', () => {
    const few = nearlyDone(10).idle({ rollup: 9 });
    expect(hedgedUntil(few, LIMIT_MS)).toEqual([base(54)]);
    few.start(base(54), 2);
    expect(hedgedUntil(few, 2 * LIMIT_MS)).toEqual([]);
    expect(hedgedUntil(few.arrive(base(54), 2).idle({ rollup: 9 }), 4 * LIMIT_MS)).toEqual([base(55)]);

    const generous = new Bench({ stragglers: { shareMax: 1 } }).add('block', tree);
    for (let t = 0; t < 64; t++) generous.start(base(t));
    for (let t = 0; t < 54; t += 2) generous.arrive(base(t), 1, USUAL_MS);
    expect(hedgedUntil(generous.idle({ rollup: 3 }), LIMIT_MS)).toEqual([base(1), base(3), base(5)]);
  });

  it('is found once where two blocks share it', () => {
    const bench = nearlyDone(1).add('twin', treeOf(`${NAMES}z`, new Array(65).fill(0)), [...range(63), 64], 2);
    bench.idle({ rollup: 9 });
    expect(hedgedUntil(bench, 2 * LIMIT_MS)).toEqual([base(63)]);
    expect(bench.scheduler.snapshot('twin')?.running).toBe(bench.scheduler.snapshot('block')?.running);
  });
});

describe('a job with two attempts', () => {
  const hedged = () => {
    const bench = nearlyDone(1).idle({ rollup: 1 });
    hedgedUntil(bench, LIMIT_MS);
    return bench;
  };
  const merge = tree.jobId(tree.joinJob(1, 31));

  it.each([1, 2])('is proven by attempt %i if that is first, and the other is ended', (attempt) => {
    const bench = hedged().start(base(63), 2).arrive(base(63), attempt);
    expect(bench.ids('remove')).toEqual([base(63)]);
    expect(bench.enqueued).toEqual([merge]);
    expect(bench.arrive(base(63), 3 - attempt).enqueued).toEqual([]);
  });

  it('ignores a failure of the first', () => {
    expect(hedged().fail(base(63), 'internal', 1).commands).toEqual([]);
  });

  it('is tried again when the second fails, while the first goes on', () => {
    const bench = hedged().start(base(63), 2).fail(base(63), 'prover-crashed', 2);
    expect(bench.kinds).toContain('report-retry');
    expect([bench.ids('remove'), bench.ids('detach')]).toEqual([[], [base(63)]]);
    expect(bench.tick(bench.nowMs + 500).enqueued).toEqual([base(63)]);
    expect(bench.arrive(base(63), 1).ids('remove')).toEqual([base(63)]);
  });

  it('gives up both with its block, also between two attempts', () => {
    const bench = hedged().start(base(63), 2).fail(base(63), 'prover-crashed', 2);
    expect(bench.handle({ kind: 'block-cancelled', blockId: 'block' }).ids('remove')).toContain(base(63));
  });
});

const range = (count: number) => Array.from({ length: count }, (_, i) => i);
