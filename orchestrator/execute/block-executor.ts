import {
  assemble,
  type ClientPublic,
  calldataHash,
  callHash,
  callsHashes,
  type Hasher,
  type Instruction,
  type KernelPublic,
  NONE,
  nextOutcomeHash,
  nullifierKey,
  padCalldata,
  storageKey,
  transactionContent,
  type VmPublic,
} from '../../circuits/index.js';
import { EspalierError } from '../../common/index.js';
import {
  type Block,
  type Call,
  type Contract,
  type Field,
  type StartState,
  type Transaction,
  toHex,
} from '../../proto/index.js';
import { StateTree } from '../state/index.js';
import { type ExecutedAccess, type ExecutedCall, ExecutedTransaction } from './executed-transaction.js';
import { interpret } from './interpret.js';

/** A transaction as execution needs it: client proofs are for the first kernel, not for the state. */
export type ExecutableTransaction = Omit<Transaction, 'clientProof'>;

/** A block as execution needs it. */
export interface ExecutableBlock extends Omit<Block, 'transactions'> {
  readonly transactions: readonly ExecutableTransaction[];
}

interface LoadedContract {
  readonly program: readonly Instruction[];
  readonly salt: Field;
}

/**
 * Runs transactions one after the other on the state that a block starts from. Everything here is synchronous and
 * bound by hashing: about 1 ms for each write and each nullifier (32 levels of the state tree). Whoever drives it lets others run in between.
 */
export class BlockExecutor {
  readonly #hasher: Hasher;
  readonly #keysHash: Field;
  readonly #contracts = new Map<Field, LoadedContract>();
  readonly #tree: StateTree;

  constructor(hasher: Hasher, keysHash: Field) {
    this.#hasher = hasher;
    this.#keysHash = keysHash;
    this.#tree = new StateTree(hasher);
  }

  /** The state root, once it is settled. */
  get root(): Field {
    return this.#tree.root;
  }

  /** Contracts that transactions may call. */
  addContracts(contracts: readonly Contract[]): void {
    for (const { address, source, salt } of contracts) {
      this.#contracts.set(address, { program: assemble(source), salt });
    }
  }

  /** Sets up some of the starting state in small steps. To be run to its end before the first transaction. */
  *loadState(start: StartState): Generator<void> {
    for (const { contract, slot, value } of start.storage) {
      at('start, storage', () => this.#tree.set(storageKey(this.#hasher, contract, slot), value));
      yield;
    }
    for (const nullifier of start.nullifiers) {
      at('start, nullifiers', () => this.#tree.set(nullifierKey(this.#hasher, nullifier), 1n));
      yield;
    }
  }

  /** All of the starting state is there: works out its root in small steps, before the first transaction. */
  settle(): Generator<void> {
    return this.#tree.settle();
  }

  /** Runs one transaction; yields after each call and returns the whole. Throws `block-not-executable`. */
  *run(index: number, transaction: ExecutableTransaction): Generator<void, ExecutedTransaction> {
    const { nullifier, sender } = transaction;
    const callHashes = transaction.calls.map((call) => callHash(this.#hasher, call));
    const tails = callsHashes(this.#hasher, callHashes);
    const client: ClientPublic = { nullifier, sender, callsHash: tails[0] ?? NONE };
    const startRoot = this.#tree.root;
    const nullifierPath = at(`tx ${index}`, () => this.#spend(nullifier));
    let kernel: KernelPublic = this.#emptyKernel(client);
    const calls: ExecutedCall[] = [];
    for (const [callIndex, call] of transaction.calls.entries()) {
      const ran = at(`tx ${index}, call ${callIndex}`, () => this.#call(call, sender));
      const hash = callHashes[callIndex] ?? NONE;
      kernel = this.#consume(kernel, ran.vm, hash, tails[callIndex + 1] ?? NONE);
      calls.push({ ...ran, kernel });
      yield;
    }
    const rollup = {
      keysHash: this.#keysHash,
      startRoot,
      endRoot: kernel.endRoot,
      transactions: 1,
      gasUsed: kernel.gasUsed,
      contentHash: transactionContent(this.#hasher, client, kernel.outcomeHash),
    };
    return new ExecutedTransaction({ index, client, calls, public: rollup, nullifierPath });
  }

  #spend(nullifier: Field) {
    const key = nullifierKey(this.#hasher, nullifier);
    const path = this.#tree.path(key);
    if (this.#tree.get(key) !== 0n) {
      throw new EspalierError('duplicate-nullifier', `nullifier ${toHex(nullifier)} is already spent`, {
        remedy: 'drop the transaction',
      });
    }
    this.#tree.set(key, 1n);
    return path;
  }

  /** The kernel's state before the first call. */
  #emptyKernel(client: ClientPublic): KernelPublic {
    const root = this.#tree.root;
    return {
      keysHash: this.#keysHash,
      ...client,
      remainingCalls: client.callsHash,
      startRoot: root,
      endRoot: root,
      gasUsed: 0,
      outcomeHash: NONE,
    };
  }

  #consume(kernel: KernelPublic, vm: VmPublic, hash: Field, remainingCalls: Field): KernelPublic {
    const { reverted, returnValue, gasUsed } = vm;
    return {
      ...kernel,
      remainingCalls,
      endRoot: vm.endRoot,
      gasUsed: kernel.gasUsed + gasUsed,
      outcomeHash: nextOutcomeHash(this.#hasher, kernel.outcomeHash, { hash, reverted, returnValue, gasUsed }),
    };
  }

  #call(call: Call, caller: Field): Omit<ExecutedCall, 'kernel'> {
    const { contract, gasLimit } = call;
    const { program, salt } = this.#contract(contract);
    const calldata = padCalldata(call.calldata);
    const startRoot = this.#tree.root;
    const checkpoint = this.#tree.checkpoint();
    const accesses: ExecutedAccess[] = [];
    /** Reads a slot and, where a new value is given, writes it. */
    const access = (slot: Field, written?: Field): Field => {
      const key = storageKey(this.#hasher, contract, slot);
      const oldValue = this.#tree.get(key);
      const newValue = written ?? oldValue;
      accesses.push({ slot, oldValue, newValue, path: this.#tree.path(key) });
      if (newValue !== oldValue) this.#tree.set(key, newValue);
      return oldValue;
    };
    const { steps, ...outcome } = interpret(this.#hasher, {
      program,
      caller,
      calldata,
      gasLimit,
      load: access,
      store: access,
    });
    if (outcome.reverted) this.#tree.rollback(checkpoint);
    const endRoot = this.#tree.root;
    const vm = {
      contract,
      caller,
      calldataHash: calldataHash(this.#hasher, calldata),
      gasLimit,
      startRoot,
      endRoot,
      ...outcome,
    };
    return { vm, program, salt, calldata, accesses, steps };
  }

  #contract(address: Field): LoadedContract {
    const contract = this.#contracts.get(address);
    if (contract !== undefined) return contract;
    throw new EspalierError('block-not-executable', `unknown contract ${toHex(address)}`, {
      remedy: 'add it to contracts',
    });
  }
}

/** Puts the place of a fault in front of its message. */
function at<T>(place: string, run: () => T): T {
  try {
    return run();
  } catch (thrown) {
    if (!(thrown instanceof EspalierError)) throw thrown;
    const { code, message, remedy } = thrown;
    throw new EspalierError(code, `${place}: ${message}`, {
      cause: thrown,
      ...(remedy === undefined ? {} : { remedy }),
    });
  }
}
