import { type BlockWork, WORK_SAMPLE_MAX } from '../../proto/index.js';
import type { JobCircuit } from '../plan/child-params.js';
import type { FlowBlock } from './flow.js';

/** What is left of a block, as its owner tells it to whoever sizes fleets. */
export function workOf({ groups, ownShare }: FlowBlock): BlockWork {
  return {
    ownShare,
    groups: groups.map(({ runningMs, durationMs, pathMs, ...group }) => ({
      ...group,
      durationMs: Math.round(durationMs),
      pathMs: Math.round(pathMs),
      running: runningMs.length,
      leftMs: sample(runningMs),
    })),
  };
}

/** The other way round: what runs is spread evenly between the running jobs that were told of. */
export function blockOfWork({ groups, ownShare }: BlockWork): FlowBlock {
  return {
    ownShare,
    groups: groups.map(({ circuit, running, leftMs, ready, waiting, roles, ...group }, i) => ({
      ...group,
      circuit: circuit as JobCircuit,
      waiting,
      ready: Math.min(ready, waiting),
      runningMs: spread(leftMs, running, group.durationMs),
      // It comes from another process, and nothing waits for what comes after it.
      roles: roles.map((role) => role.filter((child) => child < i)),
    })),
  };
}

function sample(sortedMs: Float64Array): readonly number[] {
  const count = Math.min(WORK_SAMPLE_MAX, sortedMs.length);
  const last = sortedMs.length - 1;
  return Array.from({ length: count }, (_, i) =>
    Math.round(sortedMs[count === 1 ? 0 : Math.round((i * last) / (count - 1))] ?? 0),
  );
}

function spread(sampleMs: readonly number[], count: number, otherwiseMs: number): Float64Array {
  const last = sampleMs.length - 1;
  return Float64Array.from({ length: count }, (_, i) => {
    const place = count === 1 ? 0 : (i * last) / (count - 1);
    const low = sampleMs[Math.floor(place)];
    if (low === undefined) return otherwiseMs;
    return low + (place % 1) * ((sampleMs[Math.ceil(place)] ?? low) - low);
  });
}
