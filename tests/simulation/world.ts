import type { SerializedError } from '../../common/index.js';
import { Random } from '../../orchestrator/fleet/random.js';
import { VirtualTime } from '../../orchestrator/fleet/virtual-time.js';
import {
  type AddedBlock,
  Bitset,
  type FleetSlots,
  neededJobs,
  Scheduler,
  type SchedulerCommand,
  type SchedulerEvent,
} from '../../orchestrator/index.js';
import type { JobHistoryRecord, JobId, QueuedJob } from '../../proto/index.js';
import { Fleet, type FleetReport } from './fleet.js';
import { HedgeWatch } from './hedge-watch.js';
import { Ledger } from './ledger.js';
import { type EventBody, toEvent } from './report-event.js';
import type { Scenario, SimulatedBlock } from './scenario.js';
import { ToldCounts } from './told-counts.js';

export type Ending = 'proven' | 'failed' | 'cancelled';

const STEPS_MAX = 200_000;
const CHECK_TAKES_MS = 20;
const TAKEN_OVER_AFTER_MS = 8_000;
const LATE_MS = 20_000;
const CAPACITY_AFTER_MS = 200;

/** What orchestrators leave to each other. */
interface OpenBlock extends SimulatedBlock {
  readonly remembered: Map<JobId, JobHistoryRecord>;
  /** The last orchestrator that has taken it up. */
  owner: number;
}

/**
 * The production scheduler between a virtual fleet and a virtual store, obeyed as a shell would, with every promise of
 * its commands checked against what is really stored and queued. A broken promise throws. Orchestrators die, also
 * between two commands; the next one has the queue, the store, and what it was asked to remember.
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
  /** Proofs that were made, accepted or not. */
  made = 0;
  /** Second attempts at stragglers, workers drained, orchestrators that took over. */
  hedged = 0;
  drained = 0;
  takenOver = 0;
  readonly #scenario: Scenario;
  readonly #random: Random;
  readonly #fleet: Fleet;
  readonly #ledger = new Ledger();
  readonly #open = new Map<string, OpenBlock>();
  /** `block job` of every accepted proof that was not lost since. */
  readonly #counted = new Set<string>();
  readonly #straysDeletedAtMs = new Map<JobId, number>();
  #scheduler: Scheduler;
  /** Reports to an orchestrator that is gone go nowhere. */
  #incarnation = 0;
  #isDown = false;
  /** Commands that are still obeyed before the orchestrator dies. */
  #commandsLeft = Number.POSITIVE_INFINITY;
  #wakeAtMs: number | undefined;
  #capacityPlanned = false;
  /** What this orchestrator was told last. */
  #idle = 0;
  /** What it believes to run, before the present event. */
  #running = 0;
  #hedges = new HedgeWatch();
  readonly #told = new ToldCounts();

  constructor(scenario: Scenario, seed: number) {
    this.#scenario = scenario;
    this.#random = new Random(seed ^ 0x5eed);
    this.#scheduler = this.#newScheduler();
    this.#fleet = new Fleet(scenario, this.#random, this.time, {
      read: (queued, incarnation) => this.#read(queued, incarnation),
      storeProof: (jobId) => {
        this.made++;
        this.proofs.set(jobId, 'whole');
      },
      report: (report, incarnation) => this.#deliver(report, incarnation),
      idleChanged: () => this.#planCapacity(),
    });
  }

  /** Looks at the present scheduler soon, and then now and then, for as long as blocks are open. */
  everyMs(intervalMs: number, look: (scheduler: Scheduler, fleet: FleetSlots) => void, firstMs = 1): void {
    this.time.after(firstMs, () => {
      if (this.#open.size === 0) return;
      if (!this.#isDown) look(this.#scheduler, this.#fleet.slots);
      this.everyMs(intervalMs, look, intervalMs);
    });
  }

  run(): void {
    for (const block of this.#scenario.blocks) this.time.after(block.addedAtMs, () => this.#submit(block));
    this.#planAccidents();
    for (let steps = 0; this.time.step(); steps++) {
      if (steps > STEPS_MAX) throw new Error(`no end after ${STEPS_MAX} steps`);
    }
    for (const blockId of this.#open.keys()) throw new Error(`${blockId} never ended`);
    if (this.#fleet.jobIds.length > 0) throw new Error(`left in the queue: ${this.#fleet.jobIds.join(', ')}`);
    this.#checkNothingLeft();
  }

  /**
   * Proven blocks leave their root; those that failed or were cancelled keep what they had, to go on from. (Where several
   * things go wrong in a row, as when a proof was lost and the owner dies before it is made again, a proof or inputs that
   * nobody needs may be left. They are found only by looking for every job of the block, as `forget` does.)
   */
  #checkNothingLeft(): void {
    const { blocks, keepProofs, accidents } = this.#scenario;
    const losses = accidents.corrupt + accidents.lost;
    if (keepProofs || accidents.death > 1 || (losses > 0 && accidents.death + accidents.cancel > 0)) return;
    const isProven = ({ blockId }: SimulatedBlock) => this.endings.get(blockId)?.ending === 'proven';
    const isKept = (jobId: JobId) =>
      blocks.some((block) => (isProven(block) ? isRoot(block, jobId) : block.tree.indexOf(jobId) >= 0));
    for (const [jobId, state] of this.proofs) {
      // Whoever looks for finished proofs drops the damaged ones.
      if (state === 'whole' && !isKept(jobId)) throw new Error(`left in the store: ${jobId}`);
    }
    for (const jobId of this.inputs) {
      const isKeptInput = blocks.some((block) => !isProven(block) && block.tree.indexOf(jobId) >= 0);
      if (!isKeptInput) throw new Error(`inputs left in the store: ${jobId}`);
    }
  }

  #newScheduler(): Scheduler {
    return new Scheduler({
      resourceClassOf: (circuit) => (circuit === 'public-vm' ? 'vm' : 'rollup'),
      largerClass: (resourceClass) => (resourceClass === 'rollup' ? 'vm' : undefined),
      keepProofs: this.#scenario.keepProofs,
    });
  }

  #submit(block: SimulatedBlock): void {
    if (this.#open.has(block.blockId)) return;
    this.#open.set(block.blockId, { ...block, remembered: new Map(), owner: -1 });
    if (!this.#isDown) this.#addBlocks([block.blockId]);
  }

  #addBlocks(blockIds: readonly string[]): void {
    const blocks = blockIds.flatMap((blockId) => this.#open.get(blockId) ?? []).map((block) => this.#takeUp(block));
    this.#handle({ kind: 'blocks-added', blocks });
  }

  /** What an orchestrator does with a block that it owns: it looks for proofs, writes inputs, asks what is remembered. */
  #takeUp(block: OpenBlock): AddedBlock {
    const { blockId } = block;
    const { tree, ageRank, remembered } = block;
    block.owner = this.#incarnation;
    const finished = new Bitset(tree.size);
    for (let job = 0; job < tree.size; job++) {
      const jobId = tree.jobId(job);
      if (this.proofs.get(jobId) === 'whole') finished.add(job);
    }
    const needed = neededJobs(tree, finished);
    for (let job = 0; job < tree.size; job++) {
      if (!needed.has(job)) continue;
      this.inputs.add(tree.jobId(job));
      this.#counted.delete(`${blockId} ${tree.jobId(job)}`);
    }
    this.#told.plan(blockId, tree, finished);
    const histories = new Map(remembered);
    return { blockId, tree, finished, ageRank, histories };
  }

  #planAccidents(): void {
    const { accidents, calmFromMs, blocks } = this.#scenario;
    const plan = (count: number, accident: () => void) => {
      for (let i = 0; i < count; i++) this.time.after(this.#random.between(0, calmFromMs), accident);
    };
    plan(accidents.corrupt, () => {
      const jobId = this.#random.pick([...this.proofs.keys()]);
      if (jobId === undefined) return;
      this.#ledger.observeLoss(jobId);
      this.proofs.set(jobId, 'damaged');
    });
    plan(accidents.lost, () => {
      const tree = this.#random.pick(blocks)?.tree;
      if (tree === undefined) return;
      const jobId = tree.jobId(this.#random.integer(0, tree.root));
      this.#ledger.observeLoss(jobId);
      this.#handle({ kind: 'proof-lost', jobId });
    });
    plan(accidents.cancel, () => this.#cancel());
    plan(accidents.death, () => {
      // Now, or in the middle of what it is told next.
      if (this.#random.chance(0.3)) this.#die();
      else this.#commandsLeft = this.#random.integer(0, 12);
    });
  }

  #cancel(): void {
    const block = this.#random.pick([...this.#open.values()]);
    if (block === undefined || this.#isDown) return;
    this.#end(block.blockId, 'cancelled');
    this.#handle({ kind: 'block-cancelled', blockId: block.blockId });
    // The board forgets it last. (Here the next orchestrator does not hear of the wish, and has to go on.)
    if (this.#isDown) this.#open.set(block.blockId, block);
    if (this.#random.chance(0.5)) this.time.after(this.#random.between(0, 60_000), () => this.#submit(block));
  }

  #die(): void {
    if (this.#isDown) return;
    this.#isDown = true;
    this.#incarnation++;
    this.#commandsLeft = Number.POSITIVE_INFINITY;
    this.#wakeAtMs = undefined;
    this.time.after(this.#random.between(0, TAKEN_OVER_AFTER_MS), () => this.#takeOver());
  }

  #takeOver(): void {
    this.#isDown = false;
    this.takenOver++;
    this.#idle = 0;
    this.#hedges = new HedgeWatch();
    this.#scheduler = this.#newScheduler();
    this.#planCapacity();
    this.#addBlocks([...this.#open.keys()]);
  }

  /** Reports may come late, or twice; those to an orchestrator that is gone are lost, but for stray proofs. */
  #deliver(report: FleetReport, incarnation: number): void {
    this.#ledger.observe(report);
    const { faults, calmFromMs } = this.#scenario;
    const stormy = this.time.nowMs < calmFromMs;
    const sentAtMs = this.time.nowMs;
    const lateMs = () => (stormy && this.#random.chance(faults.late) ? this.#random.between(0, LATE_MS) : 0);
    const copies = stormy && this.#random.chance(faults.duplicate) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++)
      this.time.after(lateMs(), () => {
        if (report.kind === 'late') this.#receiveLate(report);
        // An inbox keeps its order: what was sent before a stray proof was deleted is not heard after it.
        else if (report.kind === 'proven' && sentAtMs <= (this.#straysDeletedAtMs.get(report.jobId) ?? -1)) return;
        else if (incarnation === this.#incarnation) this.#handle(toEvent(report, this.#scenario.tellsStarted));
      });
  }

  /** A proof that nobody waited for is looked at first, and deleted where no block has the job. */
  #receiveLate(report: FleetReport & { readonly kind: 'late' }): void {
    const { jobId } = report;
    if (this.#isDown) {
      this.time.after(TAKEN_OVER_AFTER_MS, () => this.#receiveLate(report));
    } else if (this.#holders(jobId).length > 0) {
      if (this.proofs.get(jobId) === 'whole') this.#handle(toEvent(report));
    } else if (!this.#scenario.blocks.some((block) => isRoot(block, jobId) && this.endings.has(block.blockId))) {
      this.proofs.delete(jobId);
      this.#straysDeletedAtMs.set(jobId, this.time.nowMs);
    }
  }

  /** Tells how many workers are idle, a moment after that changed. */
  #planCapacity(): void {
    if (this.#capacityPlanned) return;
    this.#capacityPlanned = true;
    this.time.after(CAPACITY_AFTER_MS, () => {
      this.#capacityPlanned = false;
      const { idle } = this.#fleet;
      if (idle === this.#idle || this.#isDown) return;
      this.#idle = idle;
      this.#handle({ kind: 'capacity', idle: { vm: idle, rollup: idle } });
    });
  }

  #handle(body: EventBody): void {
    if (this.#isDown) return;
    const commands = this.#scheduler.handle({ ...body, nowMs: this.time.nowMs } as SchedulerEvent);
    const enqueued = commands.flatMap((command) => (command.kind === 'enqueue' ? command.jobs : []));
    for (const command of commands) {
      if (this.#commandsLeft-- <= 0) {
        this.#die();
        return;
      }
      if (command.kind === 'detach') {
        const attemptOf = (jobId: JobId) => this.#fleet.attemptOf(jobId);
        this.hedged += this.#hedges.check(command.jobIds, enqueued, this.#running, this.#idle, attemptOf);
      }
      this.#told.obey(command);
      this.#obey(command);
    }
    this.#checkSnapshots();
  }

  #obey(command: SchedulerCommand): void {
    switch (command.kind) {
      case 'report-proven':
        this.#countOnce(`${command.blockId} ${command.jobId}`);
        this.#hedges.end(command.jobId);
        break;
      case 'report-retry':
        if (!this.#open.has(command.blockId)) throw new Error(`retry for ${command.blockId}, which is not open`);
        break;
      case 'remove':
        this.#fleet.remove(command.jobIds);
        break;
      case 'detach':
        this.#fleet.detach(command.jobIds);
        break;
      case 'remember':
        this.#remember(command.blockId, command.histories);
        break;
      case 'drain-worker':
        this.drained++;
        this.#fleet.drain(command.workerId);
        break;
      case 'restore-inputs':
        for (const jobId of command.jobIds) {
          this.inputs.add(jobId);
          this.#counted.delete(`${command.blockId} ${jobId}`);
        }
        break;
      case 'enqueue':
        for (const queued of command.jobs) this.#checkReady(queued);
        this.#fleet.add(command.jobs, this.#incarnation);
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
        this.#ledger.checkFailure(command.jobId, command.error);
        this.#end(command.blockId, 'failed', command.error);
        break;
      case 'wake':
        this.#wakeAt(command.atMs);
        break;
    }
  }

  #remember(blockId: string, histories: ReadonlyMap<JobId, JobHistoryRecord>): void {
    const block = this.#open.get(blockId);
    if (block === undefined) throw new Error(`${blockId} has ended, and is to be remembered`);
    for (const [jobId, record] of histories) {
      const job = block.tree.indexOf(jobId);
      if (job < 0) throw new Error(`${blockId} has no ${jobId} to remember`);
      this.#ledger.checkRecord(blockId, jobId, record, this.#isCovered(block.tree, job));
      block.remembered.set(jobId, record);
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

  #read({ job }: QueuedJob, incarnation: number): boolean {
    // What a dead orchestrator left may not be needed any more: then its inputs and children may be gone.
    if (incarnation !== this.#incarnation || this.#isDown) {
      const children = job.children.filter((child) => child.circuit !== 'client');
      return this.inputs.has(job.id) && children.every((child) => this.proofs.get(child.proofId) === 'whole');
    }
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
    this.#ledger.forgetBlock(blockId);
    this.#told.forget(blockId);
    this.#hedges.forget((jobId) => this.#holders(jobId).length === 0);
    for (const key of this.#counted) if (key.startsWith(`${blockId} `)) this.#counted.delete(key);
    this.endings.set(blockId, { ending, atMs: this.time.nowMs, ...(error === undefined ? {} : { error }) });
  }

  /** The open blocks that the present orchestrator has taken up. */
  #owned(): OpenBlock[] {
    return [...this.#open.values()].filter(({ owner }) => owner === this.#incarnation);
  }

  #holders(jobId: JobId): { readonly tree: SimulatedBlock['tree']; readonly job: number }[] {
    return this.#owned().flatMap(({ tree }) => {
      const job = tree.indexOf(jobId);
      return job < 0 ? [] : [{ tree, job }];
    });
  }

  #checkSnapshots(): void {
    this.#running = 0;
    for (const { blockId, tree } of this.#owned()) {
      const snapshot = this.#scheduler.snapshot(blockId);
      this.#running += snapshot?.running ?? 0;
      const jobs = snapshot?.levels.reduce((sum, level) => sum + level.done + level.running + level.waiting, 0);
      if (jobs !== tree.size) throw new Error(`${blockId} has ${tree.size} jobs and ${jobs} in its snapshot`);
      if (snapshot !== undefined) this.#told.check(snapshot);
      if (snapshot?.levels.some((level) => Math.min(level.done, level.running, level.waiting) < 0)) {
        throw new Error(`${blockId} has a negative count`);
      }
    }
  }
}

function isRoot({ tree }: SimulatedBlock, jobId: JobId): boolean {
  return tree.jobId(tree.root) === jobId;
}
