import type { ErrorCode } from '../../common/index.js';
import {
  type JobId,
  type Profile,
  type QueuedJob,
  RESOURCE_CLASSES,
  type ResourceClass,
  requirementOf,
  type Share,
  shareOf,
} from '../../proto/index.js';
import type { JobCircuit } from '../plan/index.js';
import type { FleetSlots } from '../schedule/index.js';
import { type MachineKind, slotsFor } from './machines.js';
import type { ProofFates } from './proof-fates.js';
import { offersOf, SimulatedMachine } from './simulated-machine.js';
import { compareTasks, type Task, TaskLines } from './task-lines.js';
import type { VirtualTime } from './virtual-time.js';

/** What the fleet tells of an attempt. */
export type FleetNews =
  | { readonly kind: 'started'; readonly task: Task }
  /** It waits again, as the same attempt. */
  | { readonly kind: 'given-back'; readonly task: Task }
  /** By whichever attempt, a detached one too. */
  | { readonly kind: 'proven'; readonly task: Task }
  | { readonly kind: 'failed'; readonly task: Task; readonly code: ErrorCode };

/** What machines of one kind were there for. */
export interface KindUsage {
  /** Time from joining, of all of them together. */
  readonly machineMs: number;
  /** Cores that proofs held, times milliseconds. */
  readonly heldCoreMs: number;
}

export interface SimulatedFleetOptions {
  readonly profile: Profile;
  readonly time: VirtualTime;
  readonly fates: ProofFates;
  readonly onNews: (news: FleetNews) => void;
  /** More or fewer proofs could begin. */
  readonly onIdleChange: () => void;
}

/** A class that a machine has had no room for in so long is taken all the same, and room is kept for it (`worker/worker.ts`). */
const PATIENCE_MS = 5_000;
/** A worker that fell silent is noticed after so long. */
const LOSS_NOTICED_AFTER_MS = 5_000;

/**
 * A queue and the machines that take from it, in virtual time. Machines may join and leave at any moment.
 *
 * A job waits in the line of its class until a machine takes it. A machine takes, of the classes that fit beside what it
 * runs, the first job by order, and among machines that could take a job the one which has asked for longest does. As
 * workers do (`worker/asking.ts`), a machine that small jobs have kept from a larger class for `PATIENCE_MS` takes the
 * first job of that class too, and begins nothing before it fits. Apart from that no job waits that some machine has room
 * for.
 *
 * What is left out: the time that messages take (milliseconds), jobs that are made ready while they wait for cores, and
 * proofs that are faster because their machine has cores to spare.
 */
export class SimulatedFleet {
  readonly #options: SimulatedFleetOptions;
  readonly #needs: Readonly<Partial<Record<ResourceClass, Share>>>;
  readonly #lines = new TaskLines();
  readonly #tasks = new Map<JobId, Task>();
  readonly #detached = new Map<JobId, Set<Task>>();
  readonly #machines = new Map<string, SimulatedMachine>();
  /** Machines with room for a class, the one that has asked for longest first. */
  readonly #asking = Object.fromEntries(RESOURCE_CLASSES.map((name) => [name, new Set<SimulatedMachine>()])) as Record<
    ResourceClass,
    Set<SimulatedMachine>
  >;
  readonly #usedByGone = new Map<string, KindUsage>();
  #joined = 0;
  #added = 0;

  constructor(options: SimulatedFleetOptions) {
    this.#options = options;
    const classes = Object.keys(options.profile.classes) as ResourceClass[];
    this.#needs = Object.fromEntries(
      classes.map((name) => [name, shareOf(requirementOf(options.profile, name))] as const),
    );
  }

  get machines(): Iterable<SimulatedMachine> {
    return this.#machines.values();
  }

  /** undefined for one that has left. */
  machine(id: string): SimulatedMachine | undefined {
    return this.#machines.get(id);
  }

  /** By the name of the kind of machine, of those that have left too. What still runs does not count yet. */
  get usage(): ReadonlyMap<string, KindUsage> {
    const usage = new Map(this.#usedByGone);
    for (const machine of this.#machines.values()) this.#count(usage, machine);
    return usage;
  }

  /** Jobs that wait for a machine. */
  waiting(resourceClass: ResourceClass): number {
    return this.#lines.size(resourceClass);
  }

  /** How many more proofs of each class could begin at once. */
  get idle(): Partial<Record<ResourceClass, number>> {
    const idle: Partial<Record<ResourceClass, number>> = {};
    for (const name of RESOURCE_CLASSES) {
      let count = 0;
      for (const machine of this.#asking[name]) {
        for (const offer of machine.offers) if (offer.resourceClass === name) count += machine.idleOf(offer);
      }
      if (count > 0) idle[name] = count;
    }
    return idle;
  }

  /** What the machines that take jobs can prove at once. */
  get slots(): FleetSlots {
    const own: Partial<Record<ResourceClass, number>> = {};
    const shared: Partial<Record<ResourceClass, number>> = {};
    const workers: Partial<Record<ResourceClass, number>> = {};
    for (const { kind, offers, state } of this.#machines.values()) {
      if (state !== 'working') continue;
      const to = offers.length > 1 ? shared : own;
      for (const { resourceClass } of offers) {
        to[resourceClass] =
          (to[resourceClass] ?? 0) + slotsFor(this.#options.profile, [{ kind, count: 1 }], resourceClass);
        workers[resourceClass] = (workers[resourceClass] ?? 0) + 1;
      }
    }
    return { own, shared, workers };
  }

  /** Adds machines; returns their ids. */
  join(kind: MachineKind, count = 1): readonly string[] {
    const { profile, time } = this.#options;
    const offers = offersOf(profile, kind);
    return Array.from({ length: count }, () => {
      const machine = new SimulatedMachine(`${kind.name}-${++this.#joined}.s`, kind, offers, time.nowMs);
      this.#machines.set(machine.id, machine);
      this.#fill(machine);
      return machine.id;
    });
  }

  /**
   * Takes a machine away: it ends what it runs first, or gives it back, or it is gone at once, and what it ran is found to
   * be lost some seconds later. Nothing happens where there is no such machine any more.
   */
  leave(id: string, how: 'drained' | 'given-back' | 'at-once'): void {
    const machine = this.#machines.get(id);
    if (machine === undefined) return;
    machine.state = 'draining';
    const { kept } = machine;
    if (kept !== undefined) this.#putBack(machine, kept);
    if (how === 'given-back') for (const task of [...machine.running]) this.#giveBack(machine, task);
    if (how === 'at-once') for (const task of [...machine.running]) this.#lose(task);
    this.#fill(machine);
  }

  /** Throws for a job that is there already. */
  add(jobs: readonly QueuedJob[]): void {
    for (const queued of jobs) {
      const { id, resourceClass } = queued.job;
      if (this.#tasks.has(id)) throw new Error(`${id} is in the queue already`);
      const needed = this.#needs[resourceClass];
      if (needed === undefined) throw new Error(`${id} is of class ${resourceClass}, which the profile does not have`);
      const task: Task = {
        queued,
        needed,
        enqueuedAtMs: this.#options.time.nowMs,
        age: queued.order[0],
        path: queued.order[1],
        place: this.#added++,
        state: 'waiting',
        isDetached: false,
        machine: undefined,
        startedAtMs: Number.NaN,
        heapIndex: -1,
      };
      this.#tasks.set(id, task);
      this.#lines.add(task);
    }
    // Only now: jobs that come together are taken in their order.
    for (const resourceClass of RESOURCE_CLASSES) this.#fillAsking(resourceClass);
  }

  /** Ends all attempts at these jobs, those that run and those that were detached. */
  remove(jobIds: readonly JobId[]): void {
    for (const jobId of jobIds) {
      const task = this.#tasks.get(jobId);
      if (task !== undefined) this.#stop(task);
      for (const detached of this.#detached.get(jobId) ?? []) this.#stop(detached);
    }
  }

  /** Takes these jobs out of the queue; who proves one goes on with it. */
  detach(jobIds: readonly JobId[]): void {
    for (const jobId of jobIds) {
      const task = this.#tasks.get(jobId);
      if (task?.state !== 'running') {
        if (task !== undefined) this.#stop(task);
        continue;
      }
      this.#tasks.delete(jobId);
      task.isDetached = true;
      const others = this.#detached.get(jobId);
      if (others === undefined) this.#detached.set(jobId, new Set([task]));
      else others.add(task);
    }
  }

  /** Lets the first machines that ask for a class take what there is. */
  #fillAsking(resourceClass: ResourceClass): void {
    while (this.#lines.size(resourceClass) > 0) {
      const machine = firstOf(this.#asking[resourceClass]);
      if (machine === undefined) return;
      this.#fill(machine);
    }
  }

  /** Begins on this machine what can be. */
  #fill(machine: SimulatedMachine): void {
    for (;;) {
      const { kept } = machine;
      const next = kept ?? this.#nextFor(machine);
      if (next === undefined) break;
      if (next !== kept) this.#lines.remove(next);
      if (!machine.fits(next)) {
        machine.kept = next;
        next.machine = machine;
        next.state = 'kept';
        break;
      }
      machine.kept = undefined;
      this.#start(machine, next);
    }
    this.#noteRoom(machine);
    if (machine.state === 'draining' && machine.running.size === 0) this.#leave(machine);
  }

  /** The first job by order among those that the machine would take now. */
  #nextFor(machine: SimulatedMachine): Task | undefined {
    if (machine.state !== 'working') return undefined;
    const { nowMs } = this.#options.time;
    let best: Task | undefined;
    let hasRoom = false;
    for (const { room } of machine.offers) if (room > 0) hasRoom = true;
    if (!hasRoom) return undefined;
    for (const { resourceClass, room, lackedSinceMs } of machine.offers) {
      if (room === 0 && nowMs - (lackedSinceMs ?? nowMs) < PATIENCE_MS) continue;
      const first = this.#lines.first(resourceClass);
      if (first !== undefined && (best === undefined || compareTasks(first, best) < 0)) best = first;
    }
    return best;
  }

  #start(machine: SimulatedMachine, task: Task): void {
    const { time, fates, onNews } = this.#options;
    machine.start(task, time.nowMs);
    const { job, attempt } = task.queued;
    const { wallMs, failure } = fates.of(job.id, job.circuit as JobCircuit, job.resourceClass, attempt);
    const { startedAtMs } = task;
    time.after(wallMs, () => {
      // It may have been given back, and begun anew.
      if (task.state !== 'running' || task.startedAtMs !== startedAtMs) return;
      this.#end(task);
      // Whoever has a free slot takes what waits before the news of this proof brings more.
      this.#fill(machine);
      if (failure === undefined) onNews({ kind: 'proven', task });
      else if (!task.isDetached) onNews({ kind: 'failed', task, code: failure });
    });
    onNews({ kind: 'started', task });
  }

  /** Ends a task whatever it does, without a word. */
  #stop(task: Task): void {
    const { machine, state } = task;
    if (state === 'waiting') this.#lines.remove(task);
    if (state === 'kept' && machine !== undefined) machine.kept = undefined;
    this.#end(task);
    if (machine !== undefined) this.#fill(machine);
  }

  #end(task: Task): void {
    if (task.state === 'running') task.machine?.end(task, this.#options.time.nowMs);
    task.state = 'over';
    const { id } = task.queued.job;
    if (this.#tasks.get(id) === task) this.#tasks.delete(id);
    const detached = this.#detached.get(id);
    if (detached?.delete(task) && detached.size === 0) this.#detached.delete(id);
  }

  #putBack(machine: SimulatedMachine, task: Task): void {
    if (machine.kept === task) machine.kept = undefined;
    task.machine = undefined;
    task.state = 'waiting';
    this.#lines.add(task);
    this.#fillAsking(task.queued.job.resourceClass);
  }

  /** Nobody waits for a detached one: another attempt follows it anyway. */
  #giveBack(machine: SimulatedMachine, task: Task): void {
    if (task.isDetached) {
      this.#end(task);
      return;
    }
    machine.end(task, this.#options.time.nowMs);
    this.#options.onNews({ kind: 'given-back', task });
    this.#putBack(machine, task);
  }

  /** Its machine is gone. The queue has it until that is noticed. */
  #lose(task: Task): void {
    const { time, onNews } = this.#options;
    task.machine?.end(task, time.nowMs);
    task.state = 'over';
    time.after(LOSS_NOTICED_AFTER_MS, () => {
      const wasHeld = this.#tasks.get(task.queued.job.id) === task;
      this.#end(task);
      if (wasHeld) onNews({ kind: 'failed', task, code: 'lease-lost' });
    });
  }

  #leave(machine: SimulatedMachine): void {
    machine.state = 'gone';
    this.#machines.delete(machine.id);
    this.#count(this.#usedByGone, machine);
  }

  #count(usage: Map<string, KindUsage>, { kind, heldCoreMs, joinedAtMs }: SimulatedMachine): void {
    const before = usage.get(kind.name) ?? { machineMs: 0, heldCoreMs: 0 };
    const machineMs = before.machineMs + this.#options.time.nowMs - joinedAtMs;
    usage.set(kind.name, { machineMs, heldCoreMs: before.heldCoreMs + heldCoreMs });
  }

  /** Keeps up who asks for which class. */
  #noteRoom(machine: SimulatedMachine): void {
    for (const offer of machine.offers) {
      const asking = this.#asking[offer.resourceClass];
      if (machine.idleOf(offer) > 0) asking.add(machine);
      else asking.delete(machine);
    }
    this.#options.onIdleChange();
  }
}

function firstOf<T>(set: ReadonlySet<T>): T | undefined {
  for (const item of set) return item;
  return undefined;
}
