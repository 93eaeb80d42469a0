import type { Profile, ResourceClass } from '../../proto/index.js';
import { BYTES_PER_GIB, requirementOf, resourceClassOf } from '../../proto/index.js';
import { type AlikeJobs, makespanBoundMs, type ProofTree } from '../plan/index.js';
import { type MachineCount, slotsFor } from './machines.js';

/** Jobs whose remaining paths differ by no more than this share of the longest count as alike, all with the shortest. */
const TAIL_STEPS = 4_096;

/** The least time that the jobs of a block need on a fleet, whoever schedules them. */
export interface LowerBound {
  /** The longest chain of jobs. */
  readonly criticalPathMs: number;
  /** All jobs of a class (or all cores they hold, or all memory) over what the fleet has of it: the largest of these. */
  readonly capacityMs: number;
  /** The larger of the two. */
  readonly lowerBoundMs: number;
}

/** The jobs of a block by what they need: all that lower bounds depend on. */
export class Workload {
  readonly criticalPathMs: number;
  readonly #profile: Profile;
  readonly #alike: ReadonlyMap<ResourceClass, readonly AlikeJobs[]>;

  /** `durationsMs`: of each job, by its number. */
  constructor(tree: ProofTree, durationsMs: Float64Array, profile: Profile) {
    this.#profile = profile;
    const tailsMs = new Float64Array(tree.size);
    let criticalPathMs = 0;
    for (let job = tree.size - 1; job >= 0; job--) {
      const durationMs = durationsMs[job] ?? Number.NaN;
      const parent = tree.parent(job);
      const tailMs = parent < 0 ? 0 : (tailsMs[parent] ?? 0) + (durationsMs[parent] ?? 0);
      tailsMs[job] = tailMs;
      criticalPathMs = Math.max(criticalPathMs, tailMs + durationMs);
    }
    this.criticalPathMs = criticalPathMs;
    const stepMs = Math.max(criticalPathMs / TAIL_STEPS, Number.MIN_VALUE);
    const groups = new Map<ResourceClass, Map<number, { count: number; workMs: number }>>();
    for (let job = 0; job < tree.size; job++) {
      const resourceClass = resourceClassOf(profile, tree.circuit(job));
      const ofClass = groups.get(resourceClass) ?? new Map<number, { count: number; workMs: number }>();
      groups.set(resourceClass, ofClass);
      const tailMs = Math.floor((tailsMs[job] ?? 0) / stepMs) * stepMs;
      const group = ofClass.get(tailMs) ?? { count: 0, workMs: 0 };
      ofClass.set(tailMs, group);
      group.count += 1;
      group.workMs += durationsMs[job] ?? 0;
    }
    this.#alike = new Map(
      [...groups].map(([name, byTail]) => [
        name,
        [...byTail].map(([tailMs, { count, workMs }]) => ({ count, durationMs: workMs / count, tailMs })),
      ]),
    );
  }

  lowerBound(machines: readonly MachineCount[]): LowerBound {
    const { criticalPathMs } = this;
    // Without what follows, only work and capacity are left.
    const capacityMs = this.#largest(machines, (jobs, slots) => {
      const workMs = jobs.reduce((sum, { count, durationMs }) => sum + count * durationMs, 0);
      return workMs === 0 ? 0 : workMs / slots;
    });
    return { criticalPathMs, capacityMs, lowerBoundMs: Math.max(criticalPathMs, capacityMs) };
  }

  /** As `lowerBound`, and closer: it counts in that what much must follow has to be done early (`makespanBoundMs`). */
  tailBoundMs(machines: readonly MachineCount[]): number {
    return this.#largest(machines, makespanBoundMs);
  }

  /** Of each class over its slots, and of all jobs over the cores and the memory of the fleet. */
  #largest(machines: readonly MachineCount[], boundOf: (jobs: readonly AlikeJobs[], slots: number) => number): number {
    const total = (of: (machine: MachineCount['kind']['resources']) => number) =>
      machines.reduce((sum, { kind, count }) => sum + count * of(kind.resources), 0);
    // A job that holds so many cores is as many jobs that hold one.
    const all = (shareOf: (resourceClass: ResourceClass) => number) =>
      [...this.#alike].flatMap(([name, jobs]) =>
        jobs.map((alike) => ({ ...alike, count: alike.count * shareOf(name) })),
      );
    const needs = (name: ResourceClass) => requirementOf(this.#profile, name);
    return Math.max(
      ...[...this.#alike].map(([name, jobs]) => boundOf(jobs, slotsFor(this.#profile, machines, name))),
      boundOf(
        all((name) => needs(name).cores),
        total(({ cores }) => cores),
      ),
      boundOf(
        all((name) => needs(name).memoryGiB),
        total(({ memoryBytes }) => memoryBytes / BYTES_PER_GIB),
      ),
    );
  }
}
