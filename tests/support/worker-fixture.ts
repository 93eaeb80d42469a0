import type { Abi, CircuitSet } from '../../circuits/index.js';
import { systemClock } from '../../common/index.js';
import {
  BUILT_IN_PROFILES,
  type ChildProof,
  CIRCUIT_NAMES,
  type CircuitName,
  type CompiledCircuit,
  DEFAULT_CIRCUIT_CLASSES,
  type Job,
  type JobReport,
  type MachineResources,
  type Profile,
  type QueuedJob,
  toHex,
  usedClasses,
  type VerificationKey,
} from '../../proto/index.js';
import { MemoryJobQueue } from '../../queue/index.js';
import { MemoryBlobStore, ProofStore } from '../../store/index.js';
import type { ProofTools } from '../../worker/make-proof.js';
import { Slots, type SlotsOptions } from '../../worker/slots.js';
import { GatedProver } from './gated-prover.js';

type AbiType = Abi['parameters'][number]['type'];

const FIELD: AbiType = { kind: 'field' };
const CHILD: AbiType = {
  kind: 'struct',
  path: 'Child',
  fields: [
    { name: 'vk', type: { kind: 'array', length: 115, type: FIELD } },
    { name: 'proof', type: { kind: 'array', length: 410, type: FIELD } },
  ],
};

/** Circuits of one public field `x` and one child `vm_proof` where the circuit is a kernel: enough for any worker. */
export function smallCircuits(): CircuitSet {
  const circuits = new Map(CIRCUIT_NAMES.map((name) => [name, smallCircuit(name)]));
  return { circuit: (name) => required(circuits.get(name)) };
}

function smallCircuit(name: CircuitName): CompiledCircuit {
  const childParams = name.startsWith('public-kernel') ? ['vm_proof'] : [];
  const abi: Abi = {
    parameters: [
      { name: 'x', type: FIELD, visibility: 'public' },
      ...childParams.map((param) => ({ name: param, type: CHILD, visibility: 'private' }) as const),
    ],
  };
  return {
    spec: { name, target: 'noir-recursive-no-zk', resourceClass: DEFAULT_CIRCUIT_CLASSES[name], childParams },
    bytecodeHash: name,
    bytecode: new Uint8Array(),
    artifact: { abi, bytecode: '', noir_version: '' },
  };
}

/** Slots as a worker has them. */
export function slotsFor(machine: MachineResources, profile: Profile, options: Partial<SlotsOptions> = {}): Slots {
  return new Slots({
    machine,
    profile,
    offered: usedClasses(profile),
    prefetch: 1,
    patienceMs: 5_000,
    reservationMaxMs: 60_000,
    nowMs: () => 0,
    onChange: () => {},
    ...options,
  });
}

/** A queue, a store and a prover to try a worker on. */
export class WorkerFixture {
  readonly queue = new MemoryJobQueue();
  readonly store = new ProofStore(new MemoryBlobStore());
  readonly reports: JobReport[] = [];
  readonly tools: ProofTools;
  #listeners = new Set<() => void>();
  #jobs = 0;

  private constructor(
    readonly prover: GatedProver,
    keys: ReadonlyMap<CircuitName, VerificationKey>,
    circuits: CircuitSet,
  ) {
    this.tools = {
      store: this.store,
      circuits,
      keys: { key: (name) => required(keys.get(name)) },
      prover,
      witnesses: null,
      profile: BUILT_IN_PROFILES.laptop,
      clock: systemClock,
    };
    this.queue.producer.onReport((report) => {
      this.reports.push(report);
      for (const listener of this.#listeners) listener();
    });
  }

  static async create(prover = new GatedProver(), circuits = smallCircuits()): Promise<WorkerFixture> {
    const keys = new Map<CircuitName, VerificationKey>();
    for (const name of CIRCUIT_NAMES) keys.set(name, await prover.computeKey(circuits.circuit(name)));
    return new WorkerFixture(prover, keys, circuits);
  }

  /** Queues a job, its inputs stored; earlier ones go first. */
  async addJob(circuit: CircuitName = 'public-vm', children: readonly ChildProof[] = []): Promise<Job> {
    const job = await this.jobOf(circuit, children);
    const queued: QueuedJob = { job, attempt: 1, order: [0, 0] };
    await this.queue.producer.add([queued]);
    return job;
  }

  async jobOf(circuit: CircuitName, children: readonly ChildProof[] = []): Promise<Job> {
    const n = this.#jobs++;
    const job: Job = {
      id: `${circuit}.${n}`,
      blockId: 'b',
      circuit,
      resourceClass: DEFAULT_CIRCUIT_CLASSES[circuit],
      children,
    };
    await this.store.putInputs(job.id, { x: toHex(BigInt(n)) });
    return job;
  }

  /** Whether a job is in the queue and nobody has it. */
  async waits(job: Job): Promise<boolean> {
    const looked = new AbortController();
    const consumer = this.queue.consumer('looker');
    const taken = consumer.take([job.resourceClass], looked.signal);
    looked.abort();
    const lease = await taken;
    if (lease !== undefined) await consumer.release(lease);
    return lease?.job.id === job.id;
  }

  /** Looks again and again, once a turn of the event loop. The test's own time limit ends it. */
  async until(condition: () => Promise<boolean>): Promise<void> {
    while (!(await condition())) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Waits until as many reports of this kind were made. */
  async reported(kind: JobReport['kind'], count: number): Promise<readonly JobReport[]> {
    for (;;) {
      const found = this.reports.filter((report) => report.kind === kind);
      if (found.length >= count) return found;
      await new Promise<void>((resolve) => this.#listeners.add(resolve));
    }
  }
}

export function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the test expects a value here');
  return value;
}
