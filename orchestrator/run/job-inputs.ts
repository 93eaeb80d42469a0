import {
  type CircuitInputs,
  encodeInputs,
  type Hasher,
  type KeyHashes,
  type RollupPublic,
} from '../../circuits/index.js';
import { EspalierError } from '../../common/index.js';
import type { AbiInputs } from '../../proto/index.js';
import {
  type BlockExecution,
  type ExecutedTransaction,
  joinInputs,
  joinPublic,
  type RollupNode,
  rootSingleInputs,
} from '../execute/index.js';
import type { ProofTree } from '../plan/index.js';

/** The circuit inputs of every job of a block, made from its execution when they are asked for and not kept. */
export class JobInputs {
  readonly #tree: ProofTree;
  readonly #execution: BlockExecution;
  readonly #hasher: Hasher;
  readonly #keys: KeyHashes;
  /** What each merge exposes: a few hundred bytes a join, instead of hashing all below it for each. */
  readonly #joined = new Map<number, RollupPublic>();

  constructor(tree: ProofTree, execution: BlockExecution, hasher: Hasher, keys: KeyHashes) {
    this.#tree = tree;
    this.#execution = execution;
    this.#hasher = hasher;
    this.#keys = keys;
  }

  /** By the job's number in the tree; without its child proofs. */
  of(job: number): AbiInputs {
    return encodeInputs(this.#typed(job), this.#keys);
  }

  #typed(job: number): CircuitInputs {
    const place = this.#tree.place(job);
    const circuit = this.#tree.circuit(job);
    switch (place.kind) {
      case 'call': {
        const transaction = this.#transaction(place.transaction);
        return circuit === 'public-vm' ? transaction.vmInputs(place.call) : transaction.kernelInputs(place.call);
      }
      case 'base':
        return this.#transaction(place.transaction).baseInputs();
      case 'join': {
        const [left, right] = this.#tree.childJobs(job);
        if (left === undefined) throw new EspalierError('internal', `join ${this.#tree.jobId(job)} has no children`);
        if (right === undefined) return rootSingleInputs(this.#node(left));
        const join = circuit === 'root-rollup' ? circuit : 'merge-rollup';
        return joinInputs(this.#hasher, join, this.#node(left), this.#node(right));
      }
    }
  }

  #transaction(index: number): ExecutedTransaction {
    const transaction = this.#execution.transactions.at(index);
    if (transaction === undefined) throw new EspalierError('internal', `transaction ${index} was not executed`);
    return transaction;
  }

  /** A base or a merge as a child of a join. As deep as the tree has levels of joins. */
  #node(job: number): RollupNode {
    const place = this.#tree.place(job);
    if (place.kind === 'base') return this.#transaction(place.transaction);
    return { circuit: 'merge-rollup', public: this.#publicOf(job) };
  }

  #publicOf(job: number): RollupPublic {
    const known = this.#joined.get(job);
    if (known !== undefined) return known;
    const [left, right] = this.#tree.childJobs(job);
    if (left === undefined || right === undefined) {
      throw new EspalierError('internal', `merge ${this.#tree.jobId(job)} has no two children`);
    }
    const joined = joinPublic(this.#hasher, this.#node(left).public, this.#node(right).public);
    this.#joined.set(job, joined);
    return joined;
  }
}
