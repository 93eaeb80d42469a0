import { ERROR_CODES, type SerializedError } from '../../common/index.js';
import { Bitset, neededJobs, Scheduler, type SchedulerCommand, type SchedulerEvent } from '../../orchestrator/index.js';
import type { JobId, QueuedJob } from '../../proto/index.js';
import { Fleet, type FleetReport } from './fleet.js';
import { Random } from './random.js';
import type { Scenario, SimulatedBlock } from './scenario.js';
import { VirtualTime } from './virtual-time.js';

export type Ending = 'proven' | 'failed' | 'cancelled';

type EventBody = SchedulerEvent extends infer E ? (E extends SchedulerEvent ? Omit<E, 'nowMs'> : never) : never;

const STEPS_MAX = 200_000;
const CHECK_TAKES_MS = 20;

/**
 * The production scheduler between a virtual fleet and a virtual store, obeyed as a shell would, with every promise of
 * its commands checked against what is really stored and queued. A broken promise throws.
 */
export class World {
  readonly endings = new Map<
    string,
    { readonly ending: Ending; readonly atMs: number; readonly error?: SerializedError }
  >();
  readonly time = new VirtualTime();
  /** Proofs in the store, and whether each is whole. */
  readonly proofs = new Map<JobId, 'whole' | 'damaged'>();
  readonly inputs = new Set<JobId>();
  /** Attempts that ended with an accepted proof. */
  accepted = 0;
  readonly #scenario: Scenario;
  readonly #random: Random;
  readonly #fleet: Fleet;
  readonly #open = new Map<string, SimulatedBlock>();
  /** `block job` of every accepted proof that was not lost since. */
  readonly #counted = new Set<string>();
  #scheduler: Scheduler;
  /** Replies to an orchestrator that is gone go nowhere. */
  #incarnation = 0;
  #wakeAtMs: number | undefined;

  constructor(scenario: Scenario, seed: number) {
    this.#scenario = scenario;
    this.#random = new Random(seed ^ 0x5eed);
    this.#fleet = new Fleet(scenario, this.#random, this.time, {
      read: (queued) => this.#read(queued),
      storeProof: (jobId) => this.proofs.set(jobId, 'whole'),
      report: (report, incarnation) => this.#deliver(toEvent(report), incarnation),
    });
    this.#scheduler = this.#newScheduler();
  }

  run(): void {
    for (const block of this.#scenario.blocks) this.time.after(block.addedAtMs, () => this.#addBlock(block));
    this.#planAccidents();
    for (let steps = 0; this.time.step(); steps++) {
      if (steps > STEPS_MAX) throw new Error(`no end after ${STEPS_MAX} steps`);
    }
    for (const blockId of this.#open.keys()) throw new Error(`${blockId} never ended`);
    if (this.#fleet.jobIds.length > 0) throw new Error(`left in the queue: ${this.#fleet.jobIds.join(', ')}`);
  }

  #newScheduler(): Scheduler {
    return new Scheduler({ resourceClassOf: () => 'rollup', keepProofs: this.#scenario.keepProofs });
  }

  #addBlock(block: SimulatedBlock): void {
    if (this.#open.has(block.blockId)) return;
    const { tree, blockId, ageRank } = block;
    const finished = new Bitset(tree.size);
    for (let job = 0; job < tree.size; job++) if (this.proofs.get(tree.jobId(job)) === 'whole') finished.add(job);
    const needed = neededJobs(tree, finished);
    for (let job = 0; job < tree.size; job++) if (needed.has(job)) this.inputs.add(tree.jobId(job));
    this.#open.set(blockId, block);
    this.#handle({ kind: 'block-added', blockId, tree, finished, ageRank });
  }

  #planAccidents(): void {
    const { accidents, calmFromMs, blocks } = this.#scenario;
    const plan = (count: number, accident: () => void) => {
      for (let i = 0; i < count; i++) this.time.after(this.#random.between(0, calmFromMs), accident);
    };
    plan(accidents.corrupt, () => {
      const jobId = this.#random.pick([...this.proofs.keys()]);
      if (jobId !== undefined) this.proofs.set(jobId, 'damaged');
    });
    plan(accidents.lost, () => {
      const tree = this.#random.pick(blocks)?.tree;
      if (tree !== undefined)
        this.#handle({ kind: 'proof-lost', jobId: tree.jobId(this.#random.integer(0, tree.root)) });
    });
    plan(accidents.cancel, () => this.#cancel());
    plan(accidents.restart, () => this.#restart());
  }

  #cancel(): void {
    const block = this.#random.pick([...this.#open.values()]);
    if (block === undefined) return;
    this.#end(block.blockId, 'cancelled');
    this.#handle({ kind: 'block-cancelled', blockId: block.blockId });
    if (this.#random.chance(0.5)) this.time.after(this.#random.between(0, 60_000), () => this.#addBlock(block));
  }

  #restart(): void {
    this.#incarnation++;
    this.#fleet.restart(this.#incarnation);
    this.#counted.clear();
    this.#wakeAtMs = undefined;
    this.#scheduler = this.#newScheduler();
    const blocks = [...this.#open.values()];
    this.#open.clear();
    for (const block of blocks) this.#addBlock(block);
  }

  /** Reports may come late, or twice; those of jobs queued before a restart do not reach the next scheduler. */
  #deliver(event: EventBody, incarnation: number): void {
    const { faults, calmFromMs } = this.#scenario;
    const stormy = this.time.nowMs < calmFromMs;
    const lateMs = () => (stormy && this.#random.chance(faults.late) ? this.#random.between(0, 20_000) : 0);
    const copies = stormy && this.#random.chance(faults.duplicate) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++)
      this.time.after(lateMs(), () => {
        if (incarnation === this.#incarnation) this.#handle(event);
      });
  }

  #handle(body: EventBody): void {
    const commands = this.#scheduler.handle({ ...body, nowMs: this.time.nowMs } as SchedulerEvent);
    for (const command of commands) this.#obey(command);
    this.#checkSnapshots();
  }

  #obey(command: SchedulerCommand): void {
    switch (command.kind) {
      case 'report-proven':
        this.#countOnce(`${command.blockId} ${command.jobId}`);
        break;
      case 'report-retry':
        if (!this.#open.has(command.blockId)) throw new Error(`retry for ${command.blockId}, which is not open`);
        break;
      case 'remove':
        this.#fleet.remove(command.jobIds);
        break;
      case 'restore-inputs':
        for (const jobId of command.jobIds) {
          this.inputs.add(jobId);
          this.#counted.delete(`${command.blockId} ${jobId}`);
        }
        break;
      case 'enqueue':
        for (const queued of command.jobs) this.#checkReady(queued);
        this.#fleet.add(command.jobs);
        break;
      case 'check-stored':
        this.#checkStored(command.jobId, command.blockId);
        break;
      case 'delete-proofs':
        for (const jobId of command.jobIds) this.#deleteProof(jobId);
        break;
      case 'delete-inputs':
        for (const jobId of command.jobIds) this.#deleteInputs(jobId);
        break;
      case 'block-proven':
        this.#endProven(command.blockId);
        break;
      case 'block-failed':
        this.#end(command.blockId, 'failed', command.error);
        break;
      case 'wake':
        this.#wakeAt(command.atMs);
        break;
    }
  }

  #wakeAt(atMs: number): void {
    this.#wakeAtMs = atMs;
    this.time.after(Math.max(0, atMs - this.time.nowMs), () => {
      if (this.#wakeAtMs === atMs) this.#handle({ kind: 'tick' });
    });
  }

  #countOnce(key: string): void {
    if (this.#counted.has(key)) throw new Error(`${key} was counted twice`);
    this.#counted.add(key);
    this.accepted++;
  }

  #checkReady({ job, attempt }: QueuedJob): void {
    const holders = this.#holders(job.id);
    if (holders.length === 0) throw new Error(`${job.id} enqueued for no open block`);
    if (attempt < 1) throw new Error(`${job.id} enqueued as attempt ${attempt}`);
    for (const child of job.children) {
      if (child.circuit !== 'client' && !this.proofs.has(child.proofId)) {
        throw new Error(`${job.id} enqueued before its child ${child.proofId} is proven`);
      }
    }
  }

  #read({ job }: QueuedJob): boolean {
    if (!this.inputs.has(job.id)) {
      // Attempts are counted anew for a block that was cancelled and added again, so a late report of an old attempt can
      // pass for one of the present attempt, which then runs for nothing.
      const isProven = this.#holders(job.id).every((holder) => this.#isCovered(holder.tree, holder.job));
      if (isProven && this.#scenario.accidents.cancel > 0) return false;
      throw new Error(`${job.id} started without inputs`);
    }
    const children = job.children.filter((child) => child.circuit !== 'client');
    for (const child of children) {
      if (!this.proofs.has(child.proofId)) throw new Error(`${job.id} started, but ${child.proofId} is gone`);
    }
    return children.every((child) => this.proofs.get(child.proofId) === 'whole');
  }

  #checkStored(jobId: JobId, blockId: string): void {
    const incarnation = this.#incarnation;
    const tree = this.#open.get(blockId)?.tree;
    if (tree === undefined) throw new Error(`check for ${blockId}, which is not open`);
    this.time.after(CHECK_TAKES_MS, () => {
      if (incarnation !== this.#incarnation) return;
      for (const child of tree.childJobs(tree.indexOf(jobId))) {
        const id = tree.jobId(child);
        if (this.proofs.get(id) === 'damaged') this.#handle({ kind: 'proof-lost', jobId: id });
      }
    });
  }

  #deleteProof(jobId: JobId): void {
    if (this.#scenario.keepProofs) throw new Error(`${jobId} deleted in spite of keepProofs`);
    for (const { tree, job } of this.#holders(jobId)) {
      if (job === tree.root || !this.#isCovered(tree, tree.parent(job))) {
        throw new Error(`${jobId} deleted before its parent is durable`);
      }
    }
    this.proofs.delete(jobId);
  }

  #deleteInputs(jobId: JobId): void {
    for (const { tree, job } of this.#holders(jobId)) {
      if (!this.#isCovered(tree, job)) throw new Error(`inputs of ${jobId} deleted before it is proven`);
    }
    this.inputs.delete(jobId);
  }

  #isCovered(tree: SimulatedBlock['tree'], job: number): boolean {
    for (let above = job; above >= 0; above = tree.parent(above)) if (this.proofs.has(tree.jobId(above))) return true;
    return false;
  }

  #endProven(blockId: string): void {
    const tree = this.#open.get(blockId)?.tree;
    if (tree === undefined || !this.proofs.has(tree.jobId(tree.root))) throw new Error(`${blockId} has no root proof`);
    this.#end(blockId, 'proven');
  }

  #end(blockId: string, ending: Ending, error?: SerializedError): void {
    if (!this.#open.delete(blockId)) throw new Error(`${blockId} ended twice`);
    for (const key of this.#counted) if (key.startsWith(`${blockId} `)) this.#counted.delete(key);
    this.endings.set(blockId, { ending, atMs: this.time.nowMs, ...(error === undefined ? {} : { error }) });
  }

  #holders(jobId: JobId): { readonly tree: SimulatedBlock['tree']; readonly job: number }[] {
    return [...this.#open.values()].flatMap(({ tree }) => {
      const job = tree.indexOf(jobId);
      return job < 0 ? [] : [{ tree, job }];
    });
  }

  #checkSnapshots(): void {
    for (const { blockId, tree } of this.#open.values()) {
      const snapshot = this.#scheduler.snapshot(blockId);
      const jobs = snapshot?.levels.reduce((sum, level) => sum + level.done + level.running + level.waiting, 0);
      if (jobs !== tree.size) throw new Error(`${blockId} has ${tree.size} jobs and ${jobs} in its snapshot`);
      if (snapshot?.levels.some((level) => Math.min(level.done, level.running, level.waiting) < 0)) {
        throw new Error(`${blockId} has a negative count`);
      }
    }
  }
}

function toEvent(report: FleetReport): EventBody {
  const { jobId, attempt } = report;
  switch (report.kind) {
    case 'started':
      return { kind: 'job-started', jobId, attempt };
    case 'proven':
      return { kind: 'job-proven', jobId, attempt, wallMs: report.wallMs };
    case 'failed':
      if (!(report.code in ERROR_CODES)) throw new Error(`unknown code ${report.code}`);
      return { kind: 'job-failed', jobId, attempt, error: { code: report.code, message: 'as the scenario says' } };
  }
}
