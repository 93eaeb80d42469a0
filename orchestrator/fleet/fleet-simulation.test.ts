import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BUILT_IN_PROFILES, type JobId, RESOURCE_CLASSES } from '../../proto/index.js';
import {
  anyCalls,
  anyFleet,
  CALM,
  ROLLUP_KIND,
  ROUGH,
  treeOfCalls,
  VM_KIND,
} from '../../tests/support/fleet-samples.js';
import { FleetSimulation, type SimulationWatcher } from './fleet-simulation.js';

function newSimulation(times = CALM, seed = 1, watcher: SimulationWatcher = {}): FleetSimulation {
  return new FleetSimulation({ profile: BUILT_IN_PROFILES.production, times, seed, watcher });
}

/** Throws where a job waits that some machine has room for, or more is handed out than there is. */
function checkMoment({ time, fleet }: FleetSimulation): void {
  // Other things happen at this moment.
  if (time.nextMs === time.nowMs) return;
  const { idle } = fleet;
  const inVain = RESOURCE_CLASSES.filter((name) => (idle[name] ?? 0) > 0 && fleet.waiting(name) > 0);
  expect(inVain).toEqual([]);
  for (const { kind, running } of fleet.machines) {
    const cores = [...running].reduce((sum, { needed }) => sum + needed.cores, 0);
    expect(cores).toBeLessThanOrEqual(kind.resources.cores);
  }
}

it('no job waits that some machine has room for, and none is proven twice', () => {
  fc.assert(
    fc.property(anyCalls, anyFleet, fc.integer({ min: 0, max: 99 }), (calls, [vm, rollup], seed) => {
      const tree = treeOfCalls(calls);
      const proven: JobId[] = [];
      let ended = false;
      const simulation = newSimulation(ROUGH, seed, {
        onProven: (_, jobId) => proven.push(jobId),
        onEnd: (_, error) => {
          ended = error === undefined;
        },
      });
      simulation.fleet.join(VM_KIND, vm);
      simulation.fleet.join(ROLLUP_KIND, rollup);
      simulation.addBlock('block', tree);
      while (!ended && simulation.step()) checkMoment(simulation);
      expect(ended).toBe(true);
      expect(new Set(proven).size).toBe(proven.length);
      expect(proven.length).toBe(tree.size);
    }),
    { numRuns: 40 },
  );
});

describe('machines', () => {
  it('may join and leave while a block is proven: what they ran is proven elsewhere', () => {
    fc.assert(
      fc.property(anyCalls, fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 6 }), (calls, secondsOfLosses) => {
        const proven = new Set<JobId>();
        let ended = false;
        const simulation = newSimulation(CALM, 1, {
          onProven: (_, jobId) => proven.add(jobId),
          onEnd: (_, error) => {
            ended = error === undefined;
          },
        });
        const { fleet, time } = simulation;
        const ids = [...fleet.join(VM_KIND, 6)];
        secondsOfLosses.forEach((seconds, i) => {
          time.after(seconds * 1_000, () => {
            const [id = ''] = ids.splice(0, 1);
            // A job that is lost on two machines is given to no other.
            fleet.leave(id, i === 0 ? 'at-once' : 'drained');
            ids.push(...fleet.join(VM_KIND));
          });
        });
        const tree = treeOfCalls(calls);
        simulation.addBlock('block', tree);
        while (!ended && simulation.step()) checkMoment(simulation);
        expect(proven.size).toBe(tree.size);
      }),
      { numRuns: 40 },
    );
  });

  it('that join late are waited for, and those that leave count up to then', () => {
    const simulation = newSimulation();
    const { fleet, time } = simulation;
    simulation.addBlock('block', treeOfCalls([0]));
    time.after(5_000, () => fleet.join(ROLLUP_KIND));
    time.after(20_000, () => fleet.leave([...fleet.machines][0]?.id ?? '', 'drained'));
    while (simulation.step());
    // Its base was proven to the end; nobody was left for the root.
    expect(fleet.usage.get('rollup')).toEqual({ machineMs: 30_000, heldCoreMs: 8 * 30_000 });
    expect(fleet.waiting('rollup')).toBe(1);
  });

  it('that small jobs keep from a large one take it in the end', () => {
    const startedMs: number[] = [];
    const uneven = { ...ROUGH, failures: 0, stragglers: { share: 0, factor: 1 } };
    const simulation = newSimulation(uneven, 3, {
      onStarted: ({ queued }) => {
        if (queued.job.circuit === 'public-vm') startedMs.push(simulation.time.nowMs);
      },
    });
    const { fleet, time } = simulation;
    const [first = ''] = fleet.join(VM_KIND);
    simulation.addBlock('block', treeOfCalls([1, ...new Array<number>(40).fill(0)]));
    fleet.join(VM_KIND);
    time.after(10_000, () => fleet.leave(first, 'at-once'));
    while (simulation.step()) checkMoment(simulation);
    // The other machine never empties by itself for several minutes: it notices the loss, is patient, and makes room.
    expect(startedMs[0]).toBe(0);
    expect(startedMs[1]).toBeLessThan(10_000 + 5_000 + 5_000 + 2 * 34_100);
  });
});

it('forecasts as an orchestrator does', () => {
  const simulation = newSimulation();
  simulation.fleet.join(VM_KIND, 4);
  simulation.addBlock('block', treeOfCalls([1, 1, 1, 1]));
  expect(simulation.forecast().get('block')?.rootInMs).toBeGreaterThan(0);
});
