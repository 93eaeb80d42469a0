import { AUTOSCALER_DEFAULTS, type ProofTree, type ScalingSimulation } from '../../orchestrator/index.js';
import { BUILT_IN_PROFILES } from '../../proto/index.js';
import { CALM, ROLLUP_KIND, VM_KIND } from './fleet-samples.js';

/**
 * One block, on as many pods of both kinds as it has use for, that start in a minute: with deletion costs as often as `k8s/`
 * has them set, and what is seen of workers as old as it may be.
 */
export function scalingOf(tree: ProofTree, windowMs: number | null): Omit<ScalingSimulation, 'rule'> {
  return {
    blocks: [{ tree, atMs: 1_000, windowMs }],
    pools: [
      { kind: VM_KIND, resourceClass: 'vm', workersMax: 2_000 },
      { kind: ROLLUP_KIND, resourceClass: 'rollup', workersMax: 2_000 },
    ],
    profile: BUILT_IN_PROFILES.production,
    times: CALM,
    pods: { podStartMs: 60_000, podStartJitter: 0.2, graceMs: 330_000, deletionCostsMs: 5_000 },
    viewAgeMs: 2_000,
    autoscaler: { ...AUTOSCALER_DEFAULTS, pollMs: 5_000, cooldownMs: 60_000, stabilizationMs: 0 },
    seed: 1,
    untilMs: 7_200_000,
  };
}
