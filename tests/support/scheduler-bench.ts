import { createHash } from 'node:crypto';
import type { ErrorCode } from '../../common/index.js';
import { Bitset, type JobCircuit, type ProofTree, planBlock } from '../../orchestrator/plan/index.js';
import {
  Scheduler,
  type SchedulerCommand,
  type SchedulerEvent,
  type SchedulerOptions,
} from '../../orchestrator/schedule/index.js';
import type { JobHistoryRecord, JobId, ResourceClass } from '../../proto/index.js';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/** Transactions are told apart by their names; two trees share the jobs of a common prefix. */
export function treeOf(names: string, callCounts: readonly number[]): ProofTree {
  return planBlock({ lineageSeed: sha256('seed'), transactionIds: [...names].map(sha256), callCounts });
}

/**
 * Names (for `treeOf`) of transactions of which the 30th and the 41st, the last, have lineages with the same last seven
 * digits. Found by trying all names for the first.
 */
export const LINEAGES_ALIKE = '\u{55bff}abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN';

type Body = SchedulerEvent extends infer E ? (E extends SchedulerEvent ? Omit<E, 'nowMs'> : never) : never;
type Kind = SchedulerCommand['kind'];

/** A scheduler, spoken to in short words; keeps the commands of the last event. */
export class Bench {
  readonly scheduler: Scheduler;
  nowMs = 0;
  commands: readonly SchedulerCommand[] = [];
  /** When it wants its next tick. */
  wakeAtMs: number | undefined;

  constructor(options: Partial<SchedulerOptions> = {}) {
    const resourceClassOf = (circuit: JobCircuit) => (circuit === 'public-vm' ? 'vm' : 'rollup');
    this.scheduler = new Scheduler({ resourceClassOf, ...options });
  }

  handle(body: Body): this {
    if (body.kind === 'tick') this.wakeAtMs = undefined;
    this.commands = this.scheduler.handle({ ...body, nowMs: this.nowMs } as SchedulerEvent);
    this.wakeAtMs = this.all('wake').at(-1)?.atMs ?? this.wakeAtMs;
    return this;
  }

  add(
    blockId: string,
    tree: ProofTree,
    finished: readonly number[] = [],
    ageRank = 1,
    histories: ReadonlyMap<JobId, JobHistoryRecord> = new Map(),
  ): this {
    const proofs = Bitset.of(tree.size, finished);
    return this.handle({ kind: 'block-added', blockId, tree, finished: proofs, ageRank, histories });
  }

  start(jobId: string, attempt = 1): this {
    return this.handle({ kind: 'job-started', jobId, attempt });
  }

  prove(jobId: string, attempt = 1, wallMs = 1_000): this {
    return this.start(jobId, attempt).handle({ kind: 'job-proven', jobId, attempt, wallMs });
  }

  fail(jobId: string, code: ErrorCode, attempt = 1, workerId?: string, wasStarted?: boolean): this {
    const error = { code, message: `${code}!` };
    const by = workerId === undefined ? {} : { workerId };
    return this.handle({
      kind: 'job-failed',
      jobId,
      attempt,
      error,
      ...by,
      ...(wasStarted === undefined ? {} : { wasStarted }),
    });
  }

  /** A proof by whichever attempt, without a word of its start. */
  arrive(jobId: string, attempt: number, wallMs = 1_000): this {
    return this.handle({ kind: 'job-proven', jobId, attempt, wallMs });
  }

  idle(idle: Readonly<Partial<Record<ResourceClass, number>>>): this {
    return this.handle({ kind: 'capacity', idle });
  }

  lose(jobId: string, falseBy?: string): this {
    return this.handle({ kind: 'proof-lost', jobId, ...(falseBy === undefined ? {} : { falseBy }) });
  }

  tick(nowMs: number): this {
    this.nowMs = nowMs;
    return this.handle({ kind: 'tick' });
  }

  get kinds(): readonly Kind[] {
    return this.commands.map((command) => command.kind);
  }

  all<K extends Kind>(kind: K): (SchedulerCommand & { kind: K })[] {
    return this.commands.filter((command) => command.kind === kind) as (SchedulerCommand & { kind: K })[];
  }

  get enqueued(): readonly string[] {
    return this.all('enqueue').flatMap((command) => command.jobs.map(({ job }) => job.id));
  }

  /** What the last event asked to remember of a block. */
  remembered(blockId: string): ReadonlyMap<JobId, JobHistoryRecord> {
    return new Map(
      this.all('remember').flatMap((command) => (command.blockId === blockId ? [...command.histories] : [])),
    );
  }

  ids(kind: 'remove' | 'detach' | 'delete-proofs' | 'delete-inputs' | 'restore-inputs'): readonly string[] {
    return this.all(kind).flatMap((command) => command.jobIds);
  }
}
