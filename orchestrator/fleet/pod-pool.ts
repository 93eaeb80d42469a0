import type { ResourceClass } from '../../proto/index.js';
import type { MachineKind } from './machines.js';
import type { Random } from './random.js';
import type { SimulatedFleet } from './simulated-fleet.js';
import type { SimulatedMachine } from './simulated-machine.js';
import type { VirtualTime } from './virtual-time.js';

/** The pods of one Deployment, which an autoscaler makes more or fewer. */
export interface PoolPlan {
  readonly kind: MachineKind;
  readonly resourceClass: ResourceClass;
  readonly workersMax: number;
}

/** What a cluster takes to start and stop pods. Milliseconds. */
export interface PodTiming {
  readonly podStartMs: number;
  /** Each start varies evenly by up to this share of it. */
  readonly podStartJitter: number;
  /** So long a pod that is to end may go on with what it proves (`terminationGracePeriodSeconds`). */
  readonly graceMs: number;
  /** How often each pod is told its deletion cost; null: never. */
  readonly deletionCostsMs: number | null;
}

interface Pod {
  readonly createdMs: number;
  /** undefined while it starts. */
  machine: SimulatedMachine | undefined;
  upMs: number;
  deletionCost: number;
  isGone: boolean;
}

/** Proofs that were cut short. */
export interface Losses {
  readonly proofs: number;
  /** What had gone into them. */
  readonly provingMs: number;
}

/**
 * A Deployment and its ReplicaSet: starts pods, and picks those that end as Kubernetes does
 * (`pkg/controller/controller_utils.go`, `ActivePodsWithRanks`): those that are not up yet first, then by deletion cost,
 * then the newest. A pod that is to end takes no more jobs; when its grace is over it gives back what it proves, and what
 * went into that is lost.
 */
export class PodPool {
  readonly plan: PoolPlan;
  readonly #timing: PodTiming;
  readonly #time: VirtualTime;
  readonly #fleet: SimulatedFleet;
  readonly #random: Random;
  #pods: Pod[] = [];
  #startingMs = 0;
  #lost = { proofs: 0, provingMs: 0 };
  #stoppedBusy = 0;
  peak = 0;

  constructor(plan: PoolPlan, timing: PodTiming, time: VirtualTime, fleet: SimulatedFleet, random: Random) {
    this.plan = plan;
    this.#timing = timing;
    this.#time = time;
    this.#fleet = fleet;
    this.#random = random;
  }

  /** Pods that are to stay, those that start included. */
  get replicas(): number {
    return this.#pods.length;
  }

  get losses(): Losses {
    return this.#lost;
  }

  /** Pods that had a proof under way when they were told to end. */
  get stoppedBusy(): number {
    return this.#stoppedBusy;
  }

  /** Time that pods of this pool took to start, all of them together: what is paid and proves nothing. */
  get startingMs(): number {
    const { nowMs } = this.#time;
    return this.#pods.reduce((sum, pod) => sum + (pod.machine ? 0 : nowMs - pod.createdMs), this.#startingMs);
  }

  /** The machines of pods that are up and are to stay. */
  get machines(): readonly SimulatedMachine[] {
    return this.#pods.flatMap(({ machine }) => machine ?? []);
  }

  scaleTo(replicas: number): void {
    this.peak = Math.max(this.peak, replicas);
    while (this.#pods.length < replicas) this.#create();
    const leaving = this.#pods.length - replicas;
    if (leaving <= 0) return;
    const order = [...this.#pods].sort(
      (a, b) =>
        Number(a.machine !== undefined) - Number(b.machine !== undefined) ||
        a.deletionCost - b.deletionCost ||
        b.upMs - a.upMs ||
        b.createdMs - a.createdMs,
    );
    const ending = new Set(order.slice(0, leaving));
    this.#pods = this.#pods.filter((pod) => !ending.has(pod));
    for (const pod of ending) this.#end(pod);
  }

  /** By what `costOf` says of each pod that is up. */
  noteCosts(costOf: (machine: SimulatedMachine) => number): void {
    for (const pod of this.#pods) if (pod.machine !== undefined) pod.deletionCost = costOf(pod.machine);
  }

  #create(): void {
    const { podStartMs, podStartJitter } = this.#timing;
    const pod: Pod = {
      createdMs: this.#time.nowMs,
      machine: undefined,
      upMs: Number.POSITIVE_INFINITY,
      deletionCost: 0,
      isGone: false,
    };
    this.#pods.push(pod);
    this.#time.after(podStartMs * this.#random.between(1 - podStartJitter, 1 + podStartJitter), () => {
      if (pod.isGone) return;
      const { nowMs } = this.#time;
      this.#startingMs += nowMs - pod.createdMs;
      pod.upMs = nowMs;
      const [id = ''] = this.#fleet.join(this.plan.kind);
      pod.machine = this.#fleet.machine(id);
    });
  }

  #end(pod: Pod): void {
    pod.isGone = true;
    const { machine } = pod;
    if (machine === undefined) {
      this.#startingMs += this.#time.nowMs - pod.createdMs;
      return;
    }
    if (machine.running.size > 0) this.#stoppedBusy++;
    this.#fleet.leave(machine.id, 'drained');
    this.#time.after(this.#timing.graceMs, () => {
      if (machine.state === 'gone') return;
      for (const { startedAtMs } of machine.running) {
        this.#lost.proofs++;
        this.#lost.provingMs += this.#time.nowMs - startedAtMs;
      }
      this.#fleet.leave(machine.id, 'given-back');
    });
  }
}
