import { describe, expect, it } from 'vitest';
import { makespanBoundMs, remainingPathMs } from '../../orchestrator/index.js';
import { calmScenario } from './calm-scenario.js';
import { DURATIONS_MS, NO_ACCIDENTS, NO_FAULTS, type Scenario, scenarioOf } from './scenario.js';
import { World } from './world.js';

/** `SIMULATION_SEED=n` runs that one alone; `SIMULATION_RUNS=n` more or fewer of them. */
const FIRST_SEED = Number(process.env['SIMULATION_SEED'] ?? 1);
const RUNS = Number(process.env['SIMULATION_RUNS'] ?? (process.env['SIMULATION_SEED'] === undefined ? 2_000 : 1));

function simulate(scenario: Scenario, seed: number): World {
  const world = new World(scenario, seed);
  try {
    world.run();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`SIMULATION_SEED=${seed}, at ${Math.round(world.time.nowMs)} ms: ${reason}`, { cause });
  }
  return world;
}

describe('the scheduler in virtual time', () => {
  it(`keeps its promises and ends every block, whatever goes wrong (${RUNS} seeds)`, () => {
    const endings = { proven: 0, failed: 0, cancelled: 0 };
    const happened = { quarantined: 0, hedged: 0, drained: 0, takenOver: 0 };
    for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed++) {
      const world = simulate(scenarioOf(seed), seed);
      happened.hedged += world.hedged;
      happened.drained += world.drained;
      happened.takenOver += world.takenOver;
      for (const { ending, error } of world.endings.values()) {
        endings[ending]++;
        if (error?.code === 'job-quarantined') happened.quarantined++;
        expect(ending === 'failed', `SIMULATION_SEED=${seed}`).toBe(error !== undefined);
      }
    }
    // Scenarios that never get anywhere, or never into trouble, would show nothing.
    if (RUNS >= 1_000) {
      expect(endings.proven).toBeGreaterThan(RUNS);
      expect(Math.min(endings.failed, endings.cancelled)).toBeGreaterThan(RUNS / 20);
      expect(Math.min(...Object.values(happened))).toBeGreaterThan(RUNS / 20);
    }
  });

  it('proves every block on one machine whose workers die again and again, orchestrators too', () => {
    for (let seed = 1; seed <= 100; seed++) {
      const faults = { ...NO_FAULTS, crash: 0.2, zombie: 0.5, straggle: 0.05, late: 0.3, duplicate: 0.3 };
      const accidents = { ...NO_ACCIDENTS, death: 4 };
      const own = { machines: 1, badMachines: 0, troubled: new Map(), faults, accidents, calmFromMs: 1_000_000 };
      const world = simulate({ ...scenarioOf(seed), ...own }, seed);
      for (const { ending, error } of world.endings.values())
        expect(ending, `${seed} ${error?.message}`).toBe('proven');
    }
  });

  it.each(['proof-invalid', 'prover-unavailable'] as const)(
    'proves every block beside a machine that fails everything with %s',
    (badMachinesFailWith) => {
      for (let seed = 1; seed <= 50; seed++) {
        const own = { machines: 3, badMachines: 1, badMachinesFailWith, calmFromMs: Number.POSITIVE_INFINITY };
        const world = simulate({ ...calmScenario([2, 0, 1, 3, 1], 1 + (seed % 2)), ...own }, seed);
        expect(world.endings.get('block')?.ending, `seed ${seed}`).toBe('proven');
        expect(world.drained).toBe(1);
      }
    },
  );

  it('proves nothing again when orchestrators die', () => {
    let takenOver = 0;
    for (let seed = 1; seed <= 100; seed++) {
      const scenario = calmScenario([2, 0, 1, 3, 1], 1 + (seed % 4));
      const accidents = { ...NO_ACCIDENTS, death: 4 };
      const world = simulate({ ...scenario, accidents, calmFromMs: 200_000 }, seed);
      takenOver += world.takenOver;
      expect(world.made, `seed ${seed}`).toBe(scenario.blocks[0]?.tree.size);
    }
    expect(takenOver).toBeGreaterThan(100);
  });

  it('leaves nothing behind but the root where nothing goes wrong', () => {
    const scenario = calmScenario([2, 0, 1, 3, 1], 3);
    const world = simulate(scenario, 0);
    const tree = scenario.blocks[0]?.tree;
    expect([...world.proofs.keys()]).toEqual([tree?.jobId(tree.root)]);
    expect([...world.inputs]).toEqual([]);
    expect(world.accepted).toBe(tree?.size);
  });

  it.each([
    { name: 'one slot', calls: [2, 0, 1, 3, 1, 1, 0], slots: 1, atMost: 1 },
    { name: 'more slots than jobs', calls: [2, 0, 1, 3, 1, 1, 0], slots: 100, atMost: 1 },
    { name: 'two slots, 64 transactions', calls: new Array(64).fill(1), slots: 2, atMost: 1.03 },
    { name: '16 slots, 64 transactions', calls: new Array(64).fill(2), slots: 16, atMost: 1.06 },
    { name: '64 slots, 64 leaves of a binary tree', calls: new Array(64).fill(0), slots: 64, atMost: 1 },
    {
      name: '100 slots, 256 uneven transactions',
      calls: Array.from({ length: 256 }, (_, t) => t % 5),
      slots: 100,
      atMost: 1.08,
    },
  ])('comes close to the best makespan: $name', ({ calls, slots, atMost }) => {
    const scenario = calmScenario(calls, slots);
    const tree = scenario.blocks[0]?.tree;
    if (tree === undefined) throw new Error('no block');
    const paths = remainingPathMs(tree, (circuit) => DURATIONS_MS[circuit]);
    const jobs = Array.from(paths, (pathMs, job) => {
      const durationMs = DURATIONS_MS[tree.circuit(job)];
      return { count: 1, durationMs, tailMs: pathMs - durationMs };
    });
    const lowerBoundMs = makespanBoundMs(jobs, slots);
    const makespanMs = simulate(scenario, 0).endings.get('block')?.atMs ?? Number.NaN;
    expect(makespanMs).toBeGreaterThanOrEqual(lowerBoundMs * 0.999_999);
    expect(makespanMs / lowerBoundMs).toBeLessThanOrEqual(atMost + 1e-9);
  });

  it('is the same again for the same seed', () => {
    const runs = [1, 2].map(() => simulate(scenarioOf(7), 7));
    expect(runs[0]?.time.nowMs).toBe(runs[1]?.time.nowMs);
    expect(runs[0]?.endings).toEqual(runs[1]?.endings);
  });
});
