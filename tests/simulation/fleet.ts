import type { ErrorCode } from '../../common/index.js';
import type { JobCircuit } from '../../orchestrator/index.js';
import type { JobId, QueuedJob } from '../../proto/index.js';
import type { Random } from './random.js';
import type { Scenario } from './scenario.js';
import type { VirtualTime } from './virtual-time.js';

/** What the fleet tells of a job; failures by code alone. */
export type FleetReport =
  | { readonly kind: 'started'; readonly jobId: JobId; readonly attempt: number }
  | { readonly kind: 'proven'; readonly jobId: JobId; readonly attempt: number; readonly wallMs: number }
  | { readonly kind: 'failed'; readonly jobId: JobId; readonly attempt: number; readonly code: ErrorCode };

/** What the fleet needs of the world around it. */
export interface FleetHooks {
  /** Looks at what a job reads, when a worker starts it; false when a child's proof is damaged. */
  readonly read: (queued: QueuedJob) => boolean;
  readonly storeProof: (jobId: JobId) => void;
  /** `incarnation`: which orchestrator queued the job, counted from 0. */
  readonly report: (report: FleetReport, incarnation: number) => void;
}

interface Lease {
  readonly queued: QueuedJob;
  readonly incarnation: number;
  held: boolean;
}

const LOSS_NOTICED_AFTER_MS = 5_000;
const CHILD_READ_AFTER_MS = 50;

/** A ready queue and the slots that work on it, in virtual time, failing as the scenario says. */
export class Fleet {
  readonly #scenario: Scenario;
  readonly #random: Random;
  readonly #time: VirtualTime;
  readonly #hooks: FleetHooks;
  readonly #waiting = new Map<JobId, QueuedJob>();
  readonly #leases = new Map<JobId, Lease>();
  #busySlots = 0;
  #incarnation = 0;

  constructor(scenario: Scenario, random: Random, time: VirtualTime, hooks: FleetHooks) {
    this.#scenario = scenario;
    this.#random = random;
    this.#time = time;
    this.#hooks = hooks;
  }

  has(jobId: JobId): boolean {
    return this.#waiting.has(jobId) || this.#leases.has(jobId);
  }

  get jobIds(): readonly JobId[] {
    return [...this.#waiting.keys(), ...this.#leases.keys()];
  }

  add(jobs: readonly QueuedJob[]): void {
    for (const queued of jobs) {
      if (this.has(queued.job.id)) throw new Error(`${queued.job.id} is in the queue already`);
      this.#waiting.set(queued.job.id, queued);
    }
    this.#fill();
  }

  remove(jobIds: readonly JobId[]): void {
    for (const jobId of jobIds) {
      this.#waiting.delete(jobId);
      const lease = this.#leases.get(jobId);
      if (lease !== undefined) this.#release(lease);
    }
    this.#fill();
  }

  /** The queue is lost with its orchestrator; workers that only seemed dead live on. */
  restart(incarnation: number): void {
    this.#incarnation = incarnation;
    this.#waiting.clear();
    for (const lease of this.#leases.values()) this.#release(lease);
  }

  #fill(): void {
    while (this.#busySlots < this.#scenario.slots && this.#waiting.size > 0) {
      let best: QueuedJob | undefined;
      for (const queued of this.#waiting.values()) if (best === undefined || isBefore(queued, best)) best = queued;
      if (best === undefined) return;
      this.#waiting.delete(best.job.id);
      this.#start(best);
    }
  }

  #start(queued: QueuedJob): void {
    const { faults, jitter, durationsMs, calmFromMs } = this.#scenario;
    const lease: Lease = { queued, incarnation: this.#incarnation, held: true };
    const { id: jobId, circuit } = queued.job;
    const attempt = queued.attempt;
    this.#leases.set(jobId, lease);
    this.#busySlots++;
    const readable = this.#hooks.read(queued);
    this.#hooks.report({ kind: 'started', jobId, attempt }, lease.incarnation);
    const wallMs = durationsMs[circuit as JobCircuit] * this.#random.between(1 - jitter, 1 + jitter);
    const stormy = this.#time.nowMs < calmFromMs;
    const code = this.#random.pick(faults.codes);
    if (!readable) {
      this.#fail(lease, CHILD_READ_AFTER_MS, 'store-corrupt');
    } else if (stormy && this.#random.chance(faults.crash)) {
      this.#crash(lease, wallMs);
    } else if (stormy && code !== undefined && this.#random.chance(faults.failure)) {
      this.#fail(lease, wallMs * this.#random.next(), code);
    } else {
      this.#prove(lease, wallMs);
    }
  }

  #prove(lease: Lease, wallMs: number): void {
    const { job, attempt } = lease.queued;
    this.#time.after(wallMs, () => {
      if (!lease.held) return;
      this.#hooks.storeProof(job.id);
      this.#release(lease);
      this.#hooks.report({ kind: 'proven', jobId: job.id, attempt, wallMs }, lease.incarnation);
      this.#fill();
    });
  }

  #fail(lease: Lease, afterMs: number, code: ErrorCode): void {
    this.#time.after(afterMs, () => {
      if (!lease.held) return;
      this.#release(lease);
      const { job, attempt } = lease.queued;
      this.#hooks.report({ kind: 'failed', jobId: job.id, attempt, code }, lease.incarnation);
      this.#fill();
    });
  }

  /** The worker falls silent. If it only seemed dead, it stores and reports its proof long after it lost the job. */
  #crash(lease: Lease, wallMs: number): void {
    this.#fail(lease, wallMs * this.#random.next() + LOSS_NOTICED_AFTER_MS, 'lease-lost');
    if (!this.#random.chance(this.#scenario.faults.zombie)) return;
    const { job, attempt } = lease.queued;
    this.#time.after(wallMs * this.#random.between(1, 5), () => {
      this.#hooks.storeProof(job.id);
      this.#hooks.report({ kind: 'proven', jobId: job.id, attempt, wallMs }, lease.incarnation);
    });
  }

  #release(lease: Lease): void {
    if (!lease.held) return;
    lease.held = false;
    this.#leases.delete(lease.queued.job.id);
    this.#busySlots--;
  }
}

function isBefore(a: QueuedJob, b: QueuedJob): boolean {
  return a.order[0] === b.order[0] ? a.order[1] < b.order[1] : a.order[0] < b.order[0];
}
