import { DURATIONS_MS, NO_ACCIDENTS, NO_FAULTS, type Scenario, treeOf } from './scenario.js';

/** One block, no faults, durations exactly as the scheduler expects them, one worker that takes every job. */
export function calmScenario(callsOfTransactions: readonly number[], slots: number): Scenario {
  const tree = treeOf(callsOfTransactions.map((calls, t) => ({ tag: `${t}`, calls })));
  return {
    blocks: [{ blockId: 'block', ageRank: 1, tree, addedAtMs: 0 }],
    machines: 1,
    workersPerMachine: 1,
    slotsPerWorker: slots,
    stagedPerWorker: 0,
    tellsStarted: true,
    badMachines: 0,
    badMachinesFailWith: 'proof-invalid',
    troubled: new Map(),
    keepProofs: false,
    durationsMs: DURATIONS_MS,
    jitter: 0,
    faults: NO_FAULTS,
    accidents: NO_ACCIDENTS,
    calmFromMs: 0,
  };
}
