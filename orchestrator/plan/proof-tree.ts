import type { BlockId, ChildProof, Job, JobId, ResourceClass, TreeLevel } from '../../proto/index.js';
import { at } from './at.js';
import { CHILD_PARAMS, type JobCircuit } from './child-params.js';
import { JoinRows, type RowNode } from './join-rows.js';
import type { Lineage } from './lineage.js';

/** Where a job stands in the tree. Transactions and calls count from 0, levels of joins from 1. */
export type JobPlace =
  | { readonly kind: 'call'; readonly transaction: number; readonly call: number }
  | { readonly kind: 'base'; readonly transaction: number }
  | { readonly kind: 'join'; readonly level: number; readonly index: number };

/**
 * The proof tree of one block: which jobs there are, what each verifies and who verifies it.
 *
 * Jobs are numbered: first every VM job in the order of calls, then every kernel in the same order, the bases in the
 * order of transactions, and the joins level by level, the root last. So a child's number is always below its parent's,
 * a level is a range, and almost everything else is arithmetic: the tree keeps a few bytes a transaction and four a
 * call, and makes ids when asked. `planBlock` makes it; it never changes.
 */
export class ProofTree {
  readonly size: number;
  readonly transactions: number;
  readonly calls: number;
  readonly #lineage: Lineage;
  /** `#firstCall[t]`: calls of all transactions before `t`; one more entry than transactions. */
  readonly #firstCall: Int32Array;
  readonly #transactionOfCall: Int32Array;
  readonly #joins: JoinRows;
  readonly #levels: readonly (TreeLevel & { readonly first: number })[];
  /** The job that was found last by its id. */
  #latest: { readonly id: JobId; readonly job: number } = { id: '', job: -1 };

  constructor(callCounts: ArrayLike<number>, lineage: Lineage) {
    this.#lineage = lineage;
    this.transactions = callCounts.length;
    this.#firstCall = new Int32Array(this.transactions + 1);
    for (let t = 0; t < this.transactions; t++) this.#firstCall[t + 1] = at(this.#firstCall, t) + at(callCounts, t);
    this.calls = at(this.#firstCall, this.transactions);
    this.#transactionOfCall = new Int32Array(this.calls);
    for (let t = 0; t < this.transactions; t++) {
      this.#transactionOfCall.fill(t, this.#firstCall[t], this.#firstCall[t + 1]);
    }
    this.#joins = new JoinRows(this.transactions);
    this.size = this.#firstJoin + this.#joins.total;
    this.#levels = this.#makeLevels();
  }

  get root(): number {
    return this.size - 1;
  }

  callCount(transaction: number): number {
    return at(this.#firstCall, transaction + 1) - at(this.#firstCall, transaction);
  }

  vmJob(transaction: number, call: number): number {
    return at(this.#firstCall, transaction) + call;
  }

  kernelJob(transaction: number, call: number): number {
    return this.calls + at(this.#firstCall, transaction) + call;
  }

  baseJob(transaction: number): number {
    return 2 * this.calls + transaction;
  }

  /** `level` from 1, as in job ids; the root is the last join, `joinJob(joinLevels, 0)`. */
  joinJob(level: number, index: number): number {
    return this.#firstJoin + this.#joins.joinNumber({ row: level, index });
  }

  get joinLevels(): number {
    return this.#joins.rows;
  }

  place(job: number): JobPlace {
    this.#check(job);
    if (job >= this.#firstJoin) {
      const { row, index } = this.#joins.join(job - this.#firstJoin);
      return { kind: 'join', level: row, index };
    }
    if (job >= 2 * this.calls) return { kind: 'base', transaction: job - 2 * this.calls };
    const flat = job < this.calls ? job : job - this.calls;
    const transaction = at(this.#transactionOfCall, flat);
    return { kind: 'call', transaction, call: flat - at(this.#firstCall, transaction) };
  }

  circuit(job: number): JobCircuit {
    this.#check(job);
    if (job < this.calls) return 'public-vm';
    if (job < 2 * this.calls) {
      const flat = job - this.calls;
      return at(this.#firstCall, at(this.#transactionOfCall, flat)) === flat
        ? 'public-kernel-first'
        : 'public-kernel-next';
    }
    if (job < this.#firstJoin) {
      return this.callCount(job - 2 * this.calls) === 0 ? 'base-rollup-private' : 'base-rollup-public';
    }
    if (job < this.root) return 'merge-rollup';
    return this.transactions === 1 ? 'root-rollup-single' : 'root-rollup';
  }

  /** First and last transaction that a job covers. */
  span(job: number): readonly [first: number, last: number] {
    const place = this.place(job);
    if (place.kind !== 'join') return [place.transaction, place.transaction];
    return this.#joins.span({ row: place.level, index: place.index });
  }

  /** The job that verifies this one's proof; -1 for the root. */
  parent(job: number): number {
    this.#check(job);
    if (job < this.calls) return job + this.calls;
    if (job < 2 * this.calls) {
      const flat = job - this.calls;
      const transaction = at(this.#transactionOfCall, flat);
      return flat + 1 < at(this.#firstCall, transaction + 1) ? job + 1 : this.baseJob(transaction);
    }
    const above = this.#joins.parent(this.#rowNode(job));
    return above === undefined ? -1 : this.#firstJoin + this.#joins.joinNumber(above);
  }

  /** The jobs whose proofs this one verifies, in the order of its parameters; client proofs are not jobs. */
  childJobs(job: number): readonly number[] {
    switch (this.circuit(job)) {
      case 'public-vm':
      case 'base-rollup-private':
        return [];
      case 'public-kernel-first':
        return [job - this.calls];
      case 'public-kernel-next':
        return [job - 1, job - this.calls];
      case 'base-rollup-public':
        return [this.calls + at(this.#firstCall, job - 2 * this.calls + 1) - 1];
      default:
        return this.#joins.children(this.#rowNode(job)).map((node) => this.#jobOf(node));
    }
  }

  /** All proofs that this job verifies, client proofs included, in the order of `CHILD_PARAMS`. */
  children(job: number): ChildProof[] {
    const circuit = this.circuit(job);
    const proofs: Omit<ChildProof, 'param'>[] = this.childJobs(job).map((child) => ({
      circuit: this.circuit(child),
      proofId: this.jobId(child),
    }));
    if (circuit === 'public-kernel-first' || circuit === 'base-rollup-private') {
      proofs.unshift({ circuit: 'client', proofId: this.clientProofId(this.span(job)[0]) });
    }
    return proofs.map((proof, i) => ({ param: at(CHILD_PARAMS[circuit], i), ...proof }));
  }

  /** `<circuit>.<position>.<lineage>`, see `JobId`. */
  jobId(job: number): JobId {
    const place = this.place(job);
    const position =
      place.kind === 'call'
        ? `${place.transaction}.${place.call}`
        : place.kind === 'base'
          ? `${place.transaction}`
          : `${place.level}.${place.index}`;
    return `${this.circuit(job)}.${position}.${this.lineage(this.span(job)[1])}`;
  }

  /** The id under which a transaction's client proof is stored. */
  clientProofId(transaction: number): JobId {
    return `client.${transaction}.${this.lineage(transaction)}`;
  }

  /** Hash of all content up to and including a transaction: equal in two trees exactly where they share that prefix. */
  lineage(transaction: number): string {
    return this.#lineage.upTo(transaction);
  }

  /** The number of the job with this id; -1 when this tree has none. */
  indexOf(id: JobId): number {
    // Whoever handles a report asks several times in a row.
    if (id === this.#latest.id) return this.#latest.job;
    const [circuit, a, b] = id.split('.');
    const job = this.#jobAt(circuit, Number(a), Number(b));
    // A number may be written oddly, the circuit not fit the place, the lineage be another's: only the same id is ours.
    if (job < 0 || this.jobId(job) !== id) return -1;
    this.#latest = { id, job };
    return job;
  }

  job(job: number, blockId: BlockId, resourceClassOf: (circuit: JobCircuit) => ResourceClass): Job {
    const circuit = this.circuit(job);
    const children = circuit === 'public-vm' ? NO_CHILDREN : this.children(job);
    return { id: this.jobId(job), blockId, circuit, resourceClass: resourceClassOf(circuit), children };
  }

  /** Levels that hold jobs, leaves first: `public-vm`, `public-kernel`, `base`, `merge 1` …, `root`. */
  levels(): readonly TreeLevel[] {
    return this.#levels;
  }

  /** Index into `levels()`. */
  levelOf(job: number): number {
    this.#check(job);
    // Most jobs are in the lowest levels.
    let level = 0;
    while (job >= (this.#levels[level + 1]?.first ?? this.size)) level++;
    return level;
  }

  /** Kernels between this job and its transaction's base, itself not included. */
  kernelsAbove(job: number): number {
    if (job >= 2 * this.calls) return 0;
    const { transaction, call } = this.place(job) as JobPlace & { kind: 'call' };
    const kernelsAfter = this.callCount(transaction) - call - 1;
    return job < this.calls ? kernelsAfter + 1 : kernelsAfter;
  }

  /** Joins between this job and the end, the root included and itself not. */
  joinsAbove(job: number): number {
    if (job >= 2 * this.calls) return this.#joins.joinsAbove(this.#rowNode(job));
    return this.#joins.joinsAbove({ row: 0, index: this.span(job)[0] });
  }

  get #firstJoin(): number {
    return 2 * this.calls + this.transactions;
  }

  #rowNode(job: number): RowNode {
    if (job < this.#firstJoin) return { row: 0, index: job - 2 * this.calls };
    return this.#joins.join(job - this.#firstJoin);
  }

  #jobOf(node: RowNode): number {
    return node.row === 0 ? this.baseJob(node.index) : this.#firstJoin + this.#joins.joinNumber(node);
  }

  #jobAt(circuit: string | undefined, a: number, b: number): number {
    switch (circuit) {
      case 'public-vm':
        return isBelow(a, this.transactions) && isBelow(b, this.callCount(a)) ? this.vmJob(a, b) : -1;
      case 'public-kernel-first':
      case 'public-kernel-next':
        return isBelow(a, this.transactions) && isBelow(b, this.callCount(a)) ? this.kernelJob(a, b) : -1;
      case 'base-rollup-private':
      case 'base-rollup-public':
        return isBelow(a, this.transactions) ? this.baseJob(a) : -1;
      case 'merge-rollup':
      case 'root-rollup':
      case 'root-rollup-single':
        return isBelow(a - 1, this.joinLevels) && isBelow(b, this.#joins.joinsIn(a)) ? this.joinJob(a, b) : -1;
      default:
        return -1;
    }
  }

  #makeLevels(): (TreeLevel & { first: number })[] {
    const levels = [
      { name: 'public-vm', jobs: this.calls, first: 0 },
      { name: 'public-kernel', jobs: this.calls, first: this.calls },
      { name: 'base', jobs: this.transactions, first: 2 * this.calls },
    ];
    for (let level = 1; level <= this.joinLevels; level++) {
      const name = level === this.joinLevels ? 'root' : `merge ${level}`;
      levels.push({ name, jobs: this.#joins.joinsIn(level), first: this.joinJob(level, 0) });
    }
    return levels.filter((level) => level.jobs > 0);
  }

  #check(job: number): void {
    if (!Number.isInteger(job) || job < 0 || job >= this.size) {
      throw new RangeError(`job ${job} is not in this tree of ${this.size} jobs`);
    }
  }
}

function isBelow(index: number, limit: number): boolean {
  return Number.isInteger(index) && index >= 0 && index < limit;
}

const NO_CHILDREN: readonly ChildProof[] = Object.freeze([]);
