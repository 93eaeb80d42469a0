import type { ResourceClass, WorkerInfo } from '../../proto/index.js';

/** How many more proofs of each class a fleet could begin at once. */
export function idleCapacity(workers: readonly WorkerInfo[]): Partial<Record<ResourceClass, number>> {
  const idle: Partial<Record<ResourceClass, number>> = {};
  for (const worker of workers) {
    if (worker.state !== 'working') continue;
    for (const [name, count] of Object.entries(worker.idle) as [ResourceClass, number][]) {
      idle[name] = (idle[name] ?? 0) + count;
    }
  }
  return idle;
}
