import type { ResourceClass, WorkerInfo } from '../../proto/index.js';

/** A number for each class; what is left out is 0. */
export type ByClass = Readonly<Partial<Record<ResourceClass, number>>>;

/** How many proofs of each class a fleet can make at once. */
export interface FleetSlots {
  /** On workers that take no other class. */
  readonly own: ByClass;
  /** On workers that take several classes, as many of each as if they made no others. */
  readonly shared: ByClass;
  /** Living workers that take the class. */
  readonly workers: ByClass;
}

export const NO_FLEET: FleetSlots = { own: {}, shared: {}, workers: {} };

/** What the workers of a fleet that take jobs can prove at once. */
export function fleetSlots(fleet: readonly WorkerInfo[]): FleetSlots {
  const own: Partial<Record<ResourceClass, number>> = {};
  const shared: Partial<Record<ResourceClass, number>> = {};
  const workers: Partial<Record<ResourceClass, number>> = {};
  for (const worker of fleet) {
    if (worker.state !== 'working') continue;
    const to = worker.classes.length > 1 ? shared : own;
    for (const resourceClass of worker.classes) {
      // One of an earlier version says only what it has and what it could begin.
      const slots = worker.slots?.[resourceClass] ?? worker.running + (worker.idle[resourceClass] ?? 0);
      to[resourceClass] = (to[resourceClass] ?? 0) + slots;
      workers[resourceClass] = (workers[resourceClass] ?? 0) + 1;
    }
  }
  return { own, shared, workers };
}

export function slotsOf({ own, shared }: FleetSlots, resourceClass: ResourceClass): number {
  return (own[resourceClass] ?? 0) + (shared[resourceClass] ?? 0);
}

/** The fleet with so many more slots on workers of one class. */
export function withSlots(fleet: FleetSlots, resourceClass: ResourceClass, slots: number): FleetSlots {
  return { ...fleet, own: { ...fleet.own, [resourceClass]: (fleet.own[resourceClass] ?? 0) + slots } };
}
