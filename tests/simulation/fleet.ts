import type { ErrorCode } from '../../common/index.js';
import type { Random } from '../../orchestrator/fleet/random.js';
import type { VirtualTime } from '../../orchestrator/fleet/virtual-time.js';
import type { FleetSlots, JobCircuit } from '../../orchestrator/index.js';
import { type JobId, machineOf, type QueuedJob, RESOURCE_CLASSES, type ResourceClass } from '../../proto/index.js';
import type { Scenario } from './scenario.js';

/** What the fleet tells of a job; failures by code alone. */
export type FleetReport = { readonly jobId: JobId; readonly attempt: number; readonly workerId: string } & (
  | { readonly kind: 'started' }
  | { readonly kind: 'given-back' }
  | { readonly kind: 'proven'; readonly wallMs: number }
  | { readonly kind: 'late'; readonly wallMs: number }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly wasStarted: boolean }
);

/** What the fleet needs of the world around it. */
export interface FleetHooks {
  /** Looks at what a job reads, when a worker starts it; false when a child's proof is damaged. */
  readonly read: (queued: QueuedJob, incarnation: number) => boolean;
  readonly storeProof: (jobId: JobId) => void;
  /** `incarnation`: which orchestrator added the job last, counted from 0. */
  readonly report: (report: FleetReport, incarnation: number) => void;
  /** More or fewer proofs could begin. */
  readonly idleChanged: () => void;
}

interface Entry {
  readonly queued: QueuedJob;
  incarnation: number;
}

interface Worker {
  readonly id: string;
  readonly isBad: boolean;
  readonly classes: readonly ResourceClass[];
  state: 'working' | 'draining' | 'dead';
  readonly leases: Set<Lease>;
}

interface Lease {
  readonly entry: Entry;
  readonly worker: Worker;
  /** *held*: the queue's; *detached*: goes on without it; *over*: nobody works on it. */
  state: 'held' | 'detached' | 'over';
  /** Else it is staged: it waits for a slot of its worker. */
  isStarted: boolean;
}

const LOSS_NOTICED_AFTER_MS = 5_000;
const REPLACED_AFTER_MS = 10_000;
const CHILD_READ_AFTER_MS = 50;

/** A queue, and workers on machines that take from it, in virtual time, failing as the scenario says. */
export class Fleet {
  readonly #scenario: Scenario;
  readonly #random: Random;
  readonly #time: VirtualTime;
  readonly #hooks: FleetHooks;
  readonly #waiting = new Map<JobId, Entry>();
  readonly #leases = new Map<JobId, Lease>();
  readonly #workers = new Map<string, Worker>();
  #sessions = 0;

  constructor(scenario: Scenario, random: Random, time: VirtualTime, hooks: FleetHooks) {
    this.#scenario = scenario;
    this.#random = random;
    this.#time = time;
    this.#hooks = hooks;
    for (let machine = 0; machine < scenario.machines; machine++) {
      for (let w = 0; w < scenario.workersPerMachine; w++) this.#join(`m${machine}`, machine < scenario.badMachines);
    }
  }

  /** What is queued, waiting or leased. */
  get jobIds(): readonly JobId[] {
    return [...this.#waiting.keys(), ...this.#leases.keys()];
  }

  /** undefined for a job that is not queued. */
  attemptOf(jobId: JobId): number | undefined {
    return (this.#waiting.get(jobId) ?? this.#leases.get(jobId)?.entry)?.queued.attempt;
  }

  get idle(): number {
    return [...this.#workers.values()].reduce((sum, worker) => sum + this.#freeSlots(worker), 0);
  }

  /** What the living workers can prove at once. */
  get slots(): FleetSlots {
    const { slotsPerWorker } = this.#scenario;
    const fleet = [...this.#workers.values()].filter(({ state }) => state === 'working');
    const count = (of: (worker: Worker) => boolean, name: ResourceClass) =>
      fleet.filter((worker) => of(worker) && worker.classes.includes(name)).length;
    const byClass = (of: (worker: Worker) => boolean, each: number) =>
      Object.fromEntries(RESOURCE_CLASSES.map((name) => [name, each * count(of, name)]));
    const isMixed = ({ classes }: Worker) => classes.includes('vm') && classes.length > 1;
    return {
      own: byClass((worker) => !isMixed(worker), slotsPerWorker),
      shared: byClass(isMixed, slotsPerWorker),
      workers: byClass(() => true, 1),
    };
  }

  get workerIds(): readonly string[] {
    return [...this.#workers.keys()];
  }

  /** What is there already stays as it is, with the new incarnation hearing of it. */
  add(jobs: readonly QueuedJob[], incarnation: number): void {
    for (const queued of jobs) {
      const { id, resourceClass } = queued.job;
      const entry = this.#waiting.get(id) ?? this.#leases.get(id)?.entry;
      if (entry === undefined) {
        this.#waiting.set(id, { queued, incarnation });
        continue;
      }
      if (entry.incarnation === incarnation) throw new Error(`${id} is in the queue already`);
      if (entry.queued.job.resourceClass !== resourceClass) throw new Error(`${id} is queued as another class`);
      if (entry.queued.attempt !== queued.attempt) {
        throw new Error(`${id} is queued as attempt ${entry.queued.attempt}, not ${queued.attempt}`);
      }
      entry.incarnation = incarnation;
    }
    this.#fill();
  }

  remove(jobIds: readonly JobId[]): void {
    for (const jobId of jobIds) {
      this.#waiting.delete(jobId);
      for (const worker of this.#workers.values()) {
        for (const lease of worker.leases) if (lease.entry.queued.job.id === jobId) this.#end(lease);
      }
      const orphan = this.#leases.get(jobId);
      if (orphan !== undefined) this.#end(orphan);
    }
    this.#fill();
  }

  detach(jobIds: readonly JobId[]): void {
    for (const jobId of jobIds) {
      this.#waiting.delete(jobId);
      const lease = this.#leases.get(jobId);
      if (lease === undefined) continue;
      if (!lease.isStarted) {
        this.#end(lease);
        continue;
      }
      this.#leases.delete(jobId);
      lease.state = 'detached';
    }
  }

  drain(workerId: string): void {
    const worker = this.#workers.get(workerId);
    if (worker === undefined || worker.state === 'draining') return;
    worker.state = 'draining';
    this.#hooks.idleChanged();
    // Someone mends the machine.
    this.#time.after(REPLACED_AFTER_MS, () => this.#join(machineOf(workerId), false));
  }

  /** A process dies with all that it holds; if it was only silent, its proofs come late. */
  kill(workerId: string): void {
    const worker = this.#workers.get(workerId);
    if (worker === undefined) return;
    const isReplaced = worker.state === 'draining';
    worker.state = 'dead';
    this.#workers.delete(workerId);
    for (const lease of worker.leases) this.#lose(lease);
    this.#hooks.idleChanged();
    if (isReplaced) return;
    this.#time.after(REPLACED_AFTER_MS, () => this.#join(machineOf(workerId), worker.isBad));
  }

  #join(machine: string, isBad: boolean): void {
    this.#sessions++;
    const id = `${machine}.s${this.#sessions}`;
    this.#workers.set(id, { id, isBad, classes: this.#classesOf(machine), state: 'working', leases: new Set() });
    this.#fill();
  }

  #classesOf(machine: string): readonly ResourceClass[] {
    const { vmMachines } = this.#scenario;
    if (vmMachines === undefined) return RESOURCE_CLASSES;
    return Number(machine.slice(1)) < vmMachines ? ['vm'] : RESOURCE_CLASSES.filter((name) => name !== 'vm');
  }

  #freeSlots(worker: Worker): number {
    return worker.state === 'working' ? Math.max(0, this.#scenario.slotsPerWorker - worker.leases.size) : 0;
  }

  #fill(): void {
    const { slotsPerWorker, stagedPerWorker } = this.#scenario;
    for (const worker of this.#workers.values()) this.#startStaged(worker);
    for (const worker of this.#workers.values()) this.#take(worker, slotsPerWorker);
    for (const worker of this.#workers.values()) this.#take(worker, slotsPerWorker + stagedPerWorker);
    this.#hooks.idleChanged();
  }

  #take(worker: Worker, leasesMax: number): void {
    while (this.#waiting.size > 0 && worker.state === 'working' && worker.leases.size < leasesMax) {
      let best: Entry | undefined;
      for (const entry of this.#waiting.values()) {
        if (!worker.classes.includes(entry.queued.job.resourceClass)) continue;
        if (best === undefined || isBefore(entry.queued, best.queued)) best = entry;
      }
      if (best === undefined) return;
      const lease: Lease = { entry: best, worker, state: 'held', isStarted: false };
      this.#waiting.delete(best.queued.job.id);
      this.#leases.set(best.queued.job.id, lease);
      worker.leases.add(lease);
      this.#startStaged(worker);
    }
  }

  /** Begins what the worker holds, the longest held first, as far as it has slots. */
  #startStaged(worker: Worker): void {
    let free = this.#scenario.slotsPerWorker;
    for (const lease of worker.leases) if (lease.isStarted) free--;
    for (const lease of [...worker.leases]) {
      if (lease.isStarted || free-- <= 0) continue;
      this.#start(lease);
    }
  }

  #start(lease: Lease): void {
    const { faults, jitter, durationsMs, calmFromMs, troubled } = this.#scenario;
    const { entry, worker } = lease;
    const { id: jobId, circuit, resourceClass } = entry.queued.job;
    lease.isStarted = true;
    const readable = this.#hooks.read(entry.queued, entry.incarnation);
    this.#report(lease, { kind: 'started' });
    const stormy = this.#time.nowMs < calmFromMs;
    const slowness = stormy && this.#random.chance(faults.straggle) ? this.#random.between(4, 40) : 1;
    const usualMs = durationsMs[circuit as JobCircuit];
    const wallMs = usualMs * this.#random.between(1 - jitter, 1 + jitter) * slowness;
    const code = this.#random.pick(faults.codes);
    const trouble = stormy ? troubled.get(jobId) : undefined;
    if (!readable) this.#fail(lease, CHILD_READ_AFTER_MS, 'store-corrupt');
    else if (trouble === 'kills-its-worker') this.#after(wallMs / 2, lease, () => this.kill(worker.id));
    else if (outOfMemory(trouble, resourceClass)) this.#fail(lease, wallMs / 2, 'out-of-memory');
    else if (stormy && worker.isBad) {
      const code = this.#scenario.badMachinesFailWith;
      this.#fail(lease, code === 'proof-invalid' ? wallMs : CHILD_READ_AFTER_MS, code);
    } else if (stormy && this.#random.chance(faults.crash)) this.#after(wallMs / 2, lease, () => this.kill(worker.id));
    else if (stormy && code !== undefined && this.#random.chance(faults.failure)) {
      this.#fail(lease, wallMs * this.#random.next(), code);
    } else if (stormy && this.#random.chance(faults.preempt)) this.#giveBack(lease, wallMs / 2);
    else this.#prove(lease, wallMs);
  }

  #prove(lease: Lease, wallMs: number): void {
    this.#after(wallMs, lease, () => {
      this.#hooks.storeProof(lease.entry.queued.job.id);
      const kind = lease.state === 'held' ? 'proven' : 'late';
      this.#end(lease);
      this.#report(lease, { kind, wallMs });
      this.#fill();
    });
  }

  #giveBack(lease: Lease, afterMs: number): void {
    this.#after(afterMs, lease, () => {
      const { entry, state } = lease;
      this.#end(lease);
      if (state === 'held') {
        this.#waiting.set(entry.queued.job.id, entry);
        this.#report(lease, { kind: 'given-back' });
      }
      this.#fill();
    });
  }

  #fail(lease: Lease, afterMs: number, code: ErrorCode): void {
    this.#after(afterMs, lease, () => {
      const isHeard = lease.state === 'held';
      this.#end(lease);
      if (isHeard) this.#report(lease, { kind: 'failed', code, wasStarted: true });
      this.#fill();
    });
  }

  /** Does it unless the lease is over by then, or its worker gone. */
  #after(delayMs: number, lease: Lease, action: () => void): void {
    this.#time.after(delayMs, () => {
      if (lease.state !== 'over' && lease.worker.leases.has(lease)) action();
    });
  }

  /** Its worker has fallen silent. */
  #lose(lease: Lease): void {
    const wasHeld = lease.state === 'held';
    lease.worker.leases.delete(lease);
    if (wasHeld) {
      this.#time.after(LOSS_NOTICED_AFTER_MS, () => {
        if (lease.state !== 'held') return;
        this.#end(lease);
        this.#report(lease, { kind: 'failed', code: 'lease-lost', wasStarted: lease.isStarted });
      });
    } else lease.state = 'over';
    if (this.#time.nowMs >= this.#scenario.calmFromMs || !this.#random.chance(this.#scenario.faults.zombie)) return;
    const { job } = lease.entry.queued;
    const wallMs = this.#scenario.durationsMs[job.circuit as JobCircuit] * this.#random.between(1, 5);
    this.#time.after(wallMs, () => {
      this.#hooks.storeProof(job.id);
      this.#report(lease, { kind: 'late', wallMs });
    });
  }

  #end(lease: Lease): void {
    lease.state = 'over';
    lease.worker.leases.delete(lease);
    const { id } = lease.entry.queued.job;
    if (this.#leases.get(id) === lease) this.#leases.delete(id);
  }

  #report(lease: Lease, report: ReportBody): void {
    const { queued, incarnation } = lease.entry;
    const about = { jobId: queued.job.id, attempt: queued.attempt, workerId: lease.worker.id };
    this.#hooks.report({ ...about, ...report } as FleetReport, incarnation);
  }
}

type ReportBody = FleetReport extends infer R
  ? R extends FleetReport
    ? Omit<R, 'jobId' | 'attempt' | 'workerId'>
    : never
  : never;

function outOfMemory(trouble: string | undefined, resourceClass: ResourceClass): boolean {
  return trouble === 'fits-nowhere' || (trouble === 'needs-more-memory' && resourceClass === 'rollup');
}

function isBefore(a: QueuedJob, b: QueuedJob): boolean {
  return a.order[0] === b.order[0] ? a.order[1] < b.order[1] : a.order[0] < b.order[0];
}
