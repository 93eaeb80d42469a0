import { describe, expect, it } from 'vitest';
import type { WorkerInfo } from '../../proto/index.js';
import { Bench, treeOf } from '../../tests/support/scheduler-bench.js';
import { type FleetSlots, fleetSlots } from './fleet-slots.js';
import type { BlockForecast } from './forecast.js';

const tree = treeOf('ab', [2, 0]);
const vm0 = tree.jobId(tree.vmJob(0, 0));
const WORK = 2 * 3_000 + 2 * 25_000 + 2 * 12_500 + 25_500;
const PATH = 3_000 + 2 * 25_000 + 12_500 + 25_500;

/** So many machines of one slot that take every job. */
const machines = (slots: number): FleetSlots => ({
  own: {},
  shared: { vm: slots, rollup: slots },
  workers: { vm: slots, rollup: slots },
});
const apart = (vm: number, rollup: number): FleetSlots => ({
  own: { vm, rollup },
  shared: {},
  workers: { vm, rollup: Math.ceil(rollup / 4) },
});

function forecast(bench: Bench, fleet: FleetSlots, deadlineMs?: number, blockId = 'block'): BlockForecast {
  const deadlinesMs = new Map(deadlineMs === undefined ? [] : [[blockId, deadlineMs]]);
  const found = bench.scheduler.forecast({ nowMs: bench.nowMs, fleet, deadlinesMs }).get(blockId);
  if (found === undefined) throw new Error(`no forecast of ${blockId}`);
  return found;
}

const rootInMs = (bench: Bench, slots: number, blockId = 'block') =>
  forecast(bench, machines(slots), undefined, blockId).rootInMs ?? Number.NaN;

const calls = (transactions: number, each: number) => new Array<number>(transactions).fill(each);
/** One transaction with two calls, then many. */
const names = (count: number) => String.fromCodePoint(...Array.from({ length: count }, (_, i) => 0x4e00 + i));

describe('when a root will land', () => {
  it('follows the times that are measured, and goes from the defaults before', () => {
    const bench = new Bench().add('block', tree);
    expect(rootInMs(bench, 1)).toBeCloseTo(WORK);
    bench.prove(vm0, 1, 6_000);
    // Twice as slow as expected, so everything else is expected to be, too.
    expect(rootInMs(bench, 1)).toBeCloseTo(2 * (WORK - 3_000));
    expect(bench.scheduler.expectedDurationMs('public-kernel-next')).toBe(2 * 25_000);
  });

  it('counts what runs as done by the time it ran, nearly wholly at most', () => {
    const bench = new Bench().add('block', tree).start(vm0);
    const left = (nowMs: number) => {
      bench.nowMs = nowMs;
      return rootInMs(bench, 1);
    };
    expect(left(0) - left(1_000)).toBeCloseTo(1_000);
    expect(left(0) - left(10_000)).toBeCloseTo(0.95 * 3_000);
  });

  it('is bounded by the longest chain, and by older blocks, which go first', () => {
    const bench = new Bench().add('block', tree);
    expect(rootInMs(bench, 99)).toBeCloseTo(PATH);
    bench.add('older', treeOf('z', [0]), [], 0);
    expect(rootInMs(bench, 1)).toBeCloseTo(WORK + 2 * 12_500);
    expect(rootInMs(bench, 1, 'older')).toBeCloseTo(2 * 12_500);
    expect(bench.scheduler.forecast({ nowMs: 0, fleet: machines(1), deadlinesMs: new Map() }).get('unknown')).toBe(
      undefined,
    );
  });

  it('counts once what two blocks share', () => {
    const long = treeOf('abcd', calls(4, 0));
    const bench = new Bench().add('block', treeOf('ab', calls(2, 0))).add('long', long, [], 2);
    // Four bases, two roots, two merges.
    expect(rootInMs(bench, 1, 'long')).toBeLessThanOrEqual(4 * 12_500 + 4 * 25_500);
    expect(rootInMs(bench, 1, 'long')).toBeGreaterThan(4 * 12_500 + 2 * 25_500);
  });

  it('is never where nobody works', () => {
    const bench = new Bench().add('block', tree);
    expect(forecast(bench, apart(0, 9)).rootInMs).toBeNull();
    expect(forecast(bench, fleetSlots([])).rootInMs).toBeNull();
  });
});

describe('demand', () => {
  it('is what waits, what runs, and what is ready soon', () => {
    const bench = new Bench().add('block', treeOf(names(8), calls(8, 1)));
    expect(forecast(bench, apart(4, 4)).demand).toEqual([
      { resourceClass: 'vm', queued: 8, running: 0, soon: 0, soonMs: 30_000, slots: 4 },
      expect.objectContaining({ resourceClass: 'rollup', queued: 0, running: 0, slots: 4 }),
    ]);
    const { soon = 0, soonMs = 0 } = forecast(bench, apart(4, 4)).demand[1] ?? {};
    // The VM proofs take 3 s, two waves of them; kernels and bases much longer.
    expect(soonMs).toBeGreaterThan(6_000);
    expect(soonMs).toBeLessThan(25_000);
    expect(soon).toBe(8);
    expect(forecast(bench, apart(0, 4)).demand[1]?.soon).toBe(0);
  });
});

describe('a block that will be late', () => {
  const bench = new Bench().add('block', treeOf(names(64), calls(64, 1)));
  const aloneMs = 3_000 + 25_000 + 12_500 + 5 * 25_500 + 25_500;

  it('is not one in time, nor one without a deadline', () => {
    expect(forecast(bench, apart(64, 64), aloneMs * 1.1).late).toBeNull();
    expect(forecast(bench, apart(1, 1)).late).toBeNull();
  });

  it.each([
    ['rollup', apart(16, 8)],
    ['vm', apart(1, 64)],
  ] as const)('is short of %s, and in time with what it says is missing', (resourceClass, fleet) => {
    const deadlineMs = resourceClass === 'vm' ? 230_000 : 300_000;
    const { late } = forecast(bench, fleet, deadlineMs);
    expect(late).toMatchObject({ cause: 'workers', resourceClass });
    if (late === null) throw new Error('it is late');
    const more = { ...fleet.own, [resourceClass]: (fleet.own[resourceClass] ?? 0) + late.missingSlots };
    expect(forecast(bench, { ...fleet, own: more }, deadlineMs).late).toBeNull();
    const half = { ...more, [resourceClass]: (fleet.own[resourceClass] ?? 0) + Math.floor(late.missingSlots / 2) };
    expect(forecast(bench, { ...fleet, own: half }, deadlineMs).late).not.toBeNull();
    expect(late.message).toMatch(
      new RegExp(
        `^\\d+ more ${resourceClass} workers?( \\(\\d+ slots\\))? would prove it in time: .* late as things are$`,
      ),
    );
    if (resourceClass === 'rollup') expect(late.missingWorkers).toBe(Math.ceil(late.missingSlots / 4));
  });

  it('may be so whatever is done', () => {
    expect(forecast(bench, apart(64, 64), aloneMs * 0.9).late).toMatchObject({
      cause: 'critical-path',
      resourceClass: null,
      missingSlots: 0,
    });
    const { cause, message } = forecast(bench, apart(64, 64), -5_000).late ?? {};
    expect([cause, message]).toEqual(['deadline-passed', expect.stringMatching(/^its deadline passed 5 s ago/)]);
  });

  it('may have to wait for older ones', () => {
    const two = new Bench().add('block', treeOf(names(64), calls(64, 1)), [], 2);
    two.add('older', treeOf([...names(64)].reverse().join(''), calls(64, 1)), [], 1);
    const deadlineMs = (forecast(two, apart(8, 16), undefined, 'older').rootInMs ?? 0) * 1.1;
    const { late } = forecast(two, apart(8, 16), deadlineMs);
    expect(late).toMatchObject({ cause: 'older-blocks', resourceClass: 'rollup' });
    expect(late?.message).toMatch(/^an older block goes first; \d+ more rollup workers/);
    expect(late?.missingSlots).toBeGreaterThan(0);
  });

  it('says what is needed where nobody works, as often as that is asked', () => {
    const { late, rootInMs: never } = forecast(bench, fleetSlots([]), 600_000);
    expect(never).toBeNull();
    expect(late).toMatchObject({ cause: 'workers', resourceClass: 'rollup' });
    expect(late?.message).toMatch(/with more of other classes: never as things are$/);
    const known = new Map(late === null ? [] : [['block', { ...late, message: 'as before' }]]);
    const view = { nowMs: 0, fleet: fleetSlots([]), deadlinesMs: new Map([['block', 600_000]]), known };
    expect(bench.scheduler.forecast(view).get('block')?.late?.message).toBe('as before');
  });
});

describe('the slots of a fleet', () => {
  const worker: WorkerInfo = {
    workerId: 'm.1',
    resources: { cores: 32, memoryBytes: 64, gpus: 0 },
    classes: ['vm', 'rollup'],
    profile: 'production',
    prover: { kind: 'native', version: '5', srs: 'development' },
    publicKey: '',
    startedAtMs: 0,
    state: 'working',
    running: 3,
    slots: { vm: 1, rollup: 4 },
    idle: {},
  };
  const small: WorkerInfo = { ...worker, classes: ['rollup'], slots: { rollup: 1 } };
  const { slots: _, ...old } = { ...small, idle: { rollup: 2 } };

  it('are those of the workers that take jobs', () => {
    expect(fleetSlots([worker, small, old, { ...worker, state: 'draining' }])).toEqual({
      own: { rollup: 1 + 5 },
      shared: { vm: 1, rollup: 4 },
      workers: { vm: 1, rollup: 3 },
    });
  });
});
