import { describe, expect, it } from 'vitest';
import type { BlockForecast } from '../../orchestrator/index.js';
import { calmScenario } from './calm-scenario.js';
import type { Scenario } from './scenario.js';
import { World } from './world.js';

const LOOK_EVERY_MS = 10_000;
const SEED = 5;

interface Fleet {
  /** Machines of one slot each that take VM jobs only. None: all machines take every job. */
  readonly vm: number;
  readonly rollup: number;
}

interface Run {
  readonly endMs: number;
  readonly forecasts: readonly { readonly atMs: number; readonly forecast: BlockForecast }[];
}

/** Proves one block, and forecasts all the while. `deadlineMs`: from the beginning. */
function prove(calls: readonly number[], { vm, rollup }: Fleet, jitter = 0, deadlineMs?: number): Run {
  const scenario: Scenario = { ...calmScenario(calls, 1), jitter, machines: vm + rollup };
  const world = new World({ ...scenario, ...(vm > 0 ? { vmMachines: vm } : {}) }, SEED);
  const forecasts: { atMs: number; forecast: BlockForecast }[] = [];
  world.everyMs(LOOK_EVERY_MS, (scheduler, fleet) => {
    const { nowMs } = world.time;
    const deadlinesMs = new Map(deadlineMs === undefined ? [] : [['block', deadlineMs - nowMs]]);
    const forecast = scheduler.forecast({ nowMs, fleet, deadlinesMs }).get('block');
    if (forecast !== undefined) forecasts.push({ atMs: nowMs, forecast });
  });
  world.run();
  return { endMs: world.endings.get('block')?.atMs ?? Number.NaN, forecasts };
}

/** By how much each forecast was off, as a share of the whole time. */
function errorsOf({ endMs, forecasts }: Run): readonly number[] {
  return forecasts.map(({ atMs, forecast }) => (atMs + (forecast.rootInMs ?? Number.NaN)) / endMs - 1);
}

const SHAPES = {
  'a call each': new Array<number>(64).fill(1),
  'no calls': new Array<number>(100).fill(0),
  'many calls': new Array<number>(24).fill(8),
  uneven: Array.from({ length: 150 }, (_, t) => t % 5),
};
const FLEETS: readonly Fleet[] = [
  { vm: 1, rollup: 1 },
  { vm: 2, rollup: 8 },
  { vm: 1, rollup: 32 },
  { vm: 32, rollup: 8 },
  { vm: 16, rollup: 64 },
  { vm: 500, rollup: 500 },
  { vm: 0, rollup: 4 },
  { vm: 0, rollup: 64 },
];
const CASES = Object.entries(SHAPES).flatMap(([name, calls]) => FLEETS.map((fleet) => ({ name, calls, ...fleet })));

describe('forecasts', () => {
  it.each(CASES)('are true where durations are known: $name, $vm VM workers and $rollup others', (one) => {
    const errors = errorsOf(prove(one.calls, one));
    expect(errors.length).toBeGreaterThan(3);
    expect(Math.max(...errors.map(Math.abs))).toBeLessThan(0.04);
  });

  it.each(CASES)('are near where they vary by 30 %: $name, $vm VM workers and $rollup others', (one) => {
    const errors = errorsOf(prove(one.calls, one, 0.3));
    expect(Math.abs(errors[0] ?? 1)).toBeLessThan(0.15);
    const lastQuarter = errors.slice(Math.floor(errors.length * 0.75));
    expect(Math.max(...lastQuarter.map(Math.abs))).toBeLessThan(0.16);
    const mean = (some: readonly number[]) => some.reduce((sum, error) => sum + Math.abs(error), 0) / some.length;
    expect(mean(lastQuarter)).toBeLessThan(0.06);
  });
});

describe('a block that will be late', () => {
  const calls = SHAPES.uneven;

  it.each([
    { resourceClass: 'rollup', vm: 32, rollup: 8 },
    { resourceClass: 'vm', vm: 1, rollup: 200 },
  ] as const)('is in time with as many more $resourceClass workers as it says are missing', (fleet) => {
    const { resourceClass } = fleet;
    const { endMs } = prove(calls, fleet);
    const deadlineMs = endMs * 0.45;
    const [first] = prove(calls, fleet, 0, deadlineMs).forecasts;
    const late = first?.forecast.late;
    expect(late).toMatchObject({ cause: 'workers', resourceClass });
    const more = { ...fleet, [resourceClass]: fleet[resourceClass] + (late?.missingWorkers ?? 0) };
    const helped = prove(calls, more, 0, deadlineMs);
    expect(helped.endMs).toBeLessThanOrEqual(deadlineMs);
    expect(helped.forecasts.map(({ forecast }) => forecast.late)).toEqual(helped.forecasts.map(() => null));
    // And not with much fewer.
    const fewer = { ...fleet, [resourceClass]: fleet[resourceClass] + Math.floor((late?.missingWorkers ?? 0) / 2) };
    expect(prove(calls, fewer).endMs).toBeGreaterThan(deadlineMs);
  });
});
