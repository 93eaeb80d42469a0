import fc from 'fast-check';
import {
  type BlockSimulation,
  calmTimes,
  type MachineCount,
  type MachineKind,
  type ProofTimes,
  type ProofTree,
  planBlock,
} from '../../orchestrator/index.js';
import { BUILT_IN_PROFILES, BYTES_PER_GIB } from '../../proto/index.js';

export const VM_KIND: MachineKind = {
  name: 'vm',
  resources: { cores: 32, memoryBytes: 64 * BYTES_PER_GIB, gpus: 0 },
};
export const ROLLUP_KIND: MachineKind = {
  name: 'rollup',
  resources: { cores: 8, memoryBytes: 16 * BYTES_PER_GIB, gpus: 0 },
};

export const fleetOf = (vm: number, rollup: number): readonly MachineCount[] => [
  { kind: VM_KIND, count: vm },
  { kind: ROLLUP_KIND, count: rollup },
];

const id = (number: number) => number.toString(16).padStart(64, '0');

export function treeOfCalls(callCounts: readonly number[]): ProofTree {
  return planBlock({ lineageSeed: id(0), transactionIds: callCounts.map((_, t) => id(t)), callCounts });
}

/** 30 s a proof, as the RFP has it. */
export const CALM = calmTimes(() => ({ kind: 'constant', ms: 30_000 }));

export const ROUGH: ProofTimes = {
  ...calmTimes((circuit) =>
    circuit === 'public-vm'
      ? { kind: 'lognormal', medianMs: 20_000, sigma: 0.3 }
      : { kind: 'samples', samplesMs: [12_000, 30_000, 31_000] },
  ),
  jitter: 0.1,
  stragglers: { share: 0.03, factor: 4 },
  failures: 0.02,
};

export const simulationOf = (
  calls: readonly number[],
  machines: readonly MachineCount[],
  times: ProofTimes = CALM,
  seed = 1,
): BlockSimulation => ({ tree: treeOfCalls(calls), machines, profile: BUILT_IN_PROFILES.production, times, seed });

export const anyCalls = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 40 });
/** At least one machine that takes VM jobs, which takes all others too. */
export const anyFleet = fc.tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 0, max: 12 }));
