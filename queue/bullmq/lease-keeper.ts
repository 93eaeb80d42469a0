import type { JobLease, JobReport } from '../../proto/index.js';
import { leaseLost } from '../queue-errors.js';
import { Batch } from './batch.js';
import { HeldLease } from './held-lease.js';
import type { LeaseNews, QueueScripts } from './queue-scripts.js';

/** What one script is told by holders: below a millisecond. */
const NEWS_PER_SCRIPT_MAX = 250;

/** The leases of this process: what their holders say goes to Redis, and what Redis says of them to their holders. */
export class LeaseKeeper {
  readonly #scripts: QueueScripts;
  readonly #news: Batch<LeaseNews, boolean>;
  /** By token: all but those that are lost or over. */
  readonly #leases = new Map<number, HeldLease>();
  /** By worker: tokens that Redis had for it at its latest check, and this process did not know. */
  readonly #strangers = new Map<string, ReadonlySet<number>>();

  #closed = false;

  constructor(scripts: QueueScripts) {
    this.#scripts = scripts;
    this.#news = new Batch(
      NEWS_PER_SCRIPT_MAX,
      () => 1,
      (news) => scripts.settle(news),
    );
  }

  admit(lease: HeldLease): void {
    this.#leases.set(lease.token, lease);
  }

  async started(lease: JobLease): Promise<void> {
    const held = this.#find(lease);
    if (held?.state !== 'held') throw leaseLost(lease);
    if (held.isStarted) return;
    held.isStarted = true;
    const { job, attempt, workerId } = held;
    const report = encode({ kind: 'started', jobId: job.id, workerId, attempt });
    try {
      if (!(await this.#tell(held, 'started', report))) throw leaseLost(lease);
    } catch (thrown) {
      held.isStarted = false;
      throw thrown;
    }
  }

  /** Ends a lease for good. `late` is told instead of `report` where the lease turns out to be lost. */
  async end(lease: JobLease, report: JobReport, late?: JobReport): Promise<void> {
    await this.#end(this.#ending(lease), 'ended', report, late);
  }

  /** Gives a job back to wait again. */
  async release(lease: JobLease): Promise<void> {
    const held = this.#ending(lease);
    const { job, workerId, attempt, isStarted } = held;
    const report: JobReport = { kind: 'given-back', jobId: job.id, workerId, attempt };
    await this.#end(held, 'released', isStarted ? report : undefined);
  }

  /** A lease that its holder may end. */
  #ending(lease: JobLease): HeldLease {
    const held = this.#find(lease);
    if (held === undefined || held.state === 'ending' || held.state === 'over') throw leaseLost(lease);
    return held;
  }

  async #end(
    held: HeldLease,
    what: 'ended' | 'released',
    report: JobReport | undefined,
    late?: JobReport,
  ): Promise<void> {
    if (held.state === 'held' && (await this.#settle(held, what, report))) return;
    // Removed while Redis was asked: its holder has been told, and nobody wants to hear of it.
    if (isOver(held)) throw leaseLost(held);
    await this.#tellLate(held, late);
    throw leaseLost(held);
  }

  /** Jobs were removed: their holders stop. Tokens of others are not known here. */
  abort(tokens: readonly number[], why = 'the job was removed from the queue'): void {
    const aborted = tokens.flatMap((token) => this.#leases.get(token) ?? []);
    for (const lease of aborted) this.#drop(lease);
    // Last, since whoever listens may call the queue again.
    for (const lease of aborted) lease.abort('cancelled', why);
  }

  /** Aborts all leases but those that are ending. Nothing can be done with any from now on. */
  close(): void {
    this.#closed = true;
    const held = [...this.#leases.values()].filter(({ state }) => state !== 'ending');
    this.abort(
      held.map(({ token }) => token),
      'the queue was closed',
    );
  }

  /**
   * Compares a worker's leases here with those in Redis. What it no longer holds is aborted. What it does not know it
   * was given by a script whose answer was lost: that is given back, when the next check sees it again (the answer may be
   * on its way). One check of a worker at a time.
   */
  async check(workerId: string): Promise<void> {
    const before = [...this.#leases.values()].filter((lease) => lease.workerId === workerId);
    const known = await this.#scripts.check(workerId);
    for (const lease of before) {
      if (lease.state === 'held' && known.detached.has(lease.token)) lease.state = 'detached';
      else if (lease.state === 'held' && !known.held.has(lease.token)) this.#lose(lease);
      else if (lease.state === 'detached' && !known.detached.has(lease.token)) this.abort([lease.token]);
    }
    const strangers = [...known.held].filter(([token]) => !this.#leases.has(token));
    const lasting = strangers.filter(([token]) => this.#strangers.get(workerId)?.has(token));
    this.#strangers.set(workerId, new Set(strangers.map(([token]) => token)));
    for (const [token, name] of lasting) await this.#scripts.giveBack(workerId, token, name);
  }

  #find(lease: JobLease): HeldLease | undefined {
    if (this.#closed) return undefined;
    return lease instanceof HeldLease ? lease : this.#leases.get(lease.token);
  }

  /** Ends a held lease in Redis. False if it was not held there. */
  async #settle(held: HeldLease, what: 'ended' | 'released', report: JobReport | undefined): Promise<boolean> {
    held.state = 'ending';
    try {
      const isHeld = await this.#tell(held, what, report === undefined ? '' : encode(report));
      if (isHeld) this.#drop(held);
      return isHeld;
    } catch (thrown) {
      if (held.state === 'ending') held.state = 'held';
      throw thrown;
    }
  }

  /** Where Redis cannot be asked the lease stays lost or detached, so that its holder may say so again. */
  async #tellLate(held: HeldLease, late: JobReport | undefined): Promise<void> {
    const before = held.state === 'detached' ? 'detached' : 'lost';
    if (before === 'lost') this.#forget(held);
    held.state = 'ending';
    try {
      await this.#scripts.reportLate(held, late === undefined ? '' : encode(late));
      this.#drop(held);
    } catch (thrown) {
      if (!isOver(held)) held.state = before;
      throw thrown;
    }
  }

  #tell(lease: HeldLease, what: LeaseNews['what'], report: string): Promise<boolean> {
    return this.#news.add({ lease, what, report });
  }

  #drop(lease: HeldLease): void {
    lease.state = 'over';
    this.#forget(lease);
  }

  /** A Redis that lost its last second when its machine broke down may have given the token to another lease since. */
  #forget(lease: HeldLease): void {
    if (this.#leases.get(lease.token) === lease) this.#leases.delete(lease.token);
  }

  #lose(lease: HeldLease): void {
    lease.state = 'lost';
    this.#forget(lease);
    lease.abort('lease-lost', `worker ${lease.workerId} has lost its lease`);
  }
}

function isOver(lease: HeldLease): boolean {
  return lease.state === 'over';
}

function encode(report: JobReport): string {
  return JSON.stringify(report);
}
