import type { BlockId, JobHistoryRecord, JobId, QueuedJob } from '../../proto/index.js';
import type { SchedulerCommand } from './events.js';

type Report = SchedulerCommand & {
  readonly kind: 'report-started' | 'report-given-back' | 'report-proven' | 'report-retry' | 'report-recounted';
};
type Ending = SchedulerCommand & { readonly kind: 'block-proven' | 'block-failed' };

/** Gathers what one event brings about and gives it out in the order that `SchedulerCommand` promises. */
export class CommandBuffer {
  #reports: Report[] = [];
  #remove = new Set<JobId>();
  #detach: JobId[] = [];
  #remember = new Map<BlockId, Map<JobId, JobHistoryRecord>>();
  #drains: SchedulerCommand[] = [];
  #restore = new Map<BlockId, JobId[]>();
  #enqueue: QueuedJob[] = [];
  #checks: SchedulerCommand[] = [];
  #deleteProofs = new Set<JobId>();
  #deleteInputs = new Set<JobId>();
  #endings: Ending[] = [];

  report(report: Report): void {
    this.#reports.push(report);
  }

  remove(jobId: JobId): void {
    this.#remove.add(jobId);
  }

  detach(jobId: JobId): void {
    this.#detach.push(jobId);
  }

  remember(blockId: BlockId, jobId: JobId, record: JobHistoryRecord): void {
    const records = this.#remember.get(blockId);
    if (records === undefined) this.#remember.set(blockId, new Map([[jobId, record]]));
    else records.set(jobId, record);
  }

  drainWorker(workerId: string, reason: string): void {
    this.#drains.push({ kind: 'drain-worker', workerId, reason });
  }

  restoreInputs(blockId: BlockId, jobId: JobId): void {
    const ids = this.#restore.get(blockId);
    if (ids === undefined) this.#restore.set(blockId, [jobId]);
    else ids.push(jobId);
  }

  enqueue(job: QueuedJob): void {
    this.#enqueue.push(job);
  }

  checkStored(blockId: BlockId, jobId: JobId): void {
    this.#checks.push({ kind: 'check-stored', blockId, jobId });
  }

  deleteProof(jobId: JobId): void {
    this.#deleteProofs.add(jobId);
  }

  deleteInputs(jobId: JobId): void {
    this.#deleteInputs.add(jobId);
  }

  end(ending: Ending): void {
    this.#endings.push(ending);
  }

  /** All that was gathered since the last call. */
  take(wakeAtMs: number | undefined): SchedulerCommand[] {
    const commands = this.#list(wakeAtMs);
    this.clear();
    return commands;
  }

  /**
   * Clearing a map or set makes a new table for it, also where it is empty: most are, with most events. And the old table
   * leads to the new one: once one has become old, V8's young collections keep all that follow.
   */
  clear(): void {
    this.#reports = [];
    if (this.#remove.size > 0) this.#remove = new Set();
    if (this.#detach.length > 0) this.#detach = [];
    if (this.#remember.size > 0) this.#remember = new Map();
    if (this.#drains.length > 0) this.#drains = [];
    if (this.#restore.size > 0) this.#restore = new Map();
    if (this.#enqueue.length > 0) this.#enqueue = [];
    if (this.#checks.length > 0) this.#checks = [];
    if (this.#deleteProofs.size > 0) this.#deleteProofs = new Set();
    if (this.#deleteInputs.size > 0) this.#deleteInputs = new Set();
    if (this.#endings.length > 0) this.#endings = [];
  }

  #list(wakeAtMs: number | undefined): SchedulerCommand[] {
    const commands: SchedulerCommand[] = this.#reports;
    if (this.#remove.size > 0) commands.push({ kind: 'remove', jobIds: [...this.#remove] });
    if (this.#detach.length > 0) commands.push({ kind: 'detach', jobIds: this.#detach });
    for (const [blockId, histories] of this.#remember) commands.push({ kind: 'remember', blockId, histories });
    commands.push(...this.#drains);
    for (const [blockId, jobIds] of this.#restore) commands.push({ kind: 'restore-inputs', blockId, jobIds });
    if (this.#enqueue.length > 0) commands.push({ kind: 'enqueue', jobs: this.#enqueue });
    commands.push(...this.#checks);
    if (this.#deleteProofs.size > 0) commands.push({ kind: 'delete-proofs', jobIds: [...this.#deleteProofs] });
    if (this.#deleteInputs.size > 0) commands.push({ kind: 'delete-inputs', jobIds: [...this.#deleteInputs] });
    commands.push(...this.#endings);
    if (wakeAtMs !== undefined) commands.push({ kind: 'wake', atMs: wakeAtMs });
    return commands;
  }
}
