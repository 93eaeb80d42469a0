import { setImmediate } from 'node:timers/promises';
import type { Hasher, RollupPublic } from '../../circuits/index.js';
import { EspalierError } from '../../common/index.js';
import type { BlockPart, Field } from '../../proto/index.js';
import { BlockExecutor, type ExecutableBlock, type ExecutableTransaction } from './block-executor.js';
import type { ExecutedTransaction } from './executed-transaction.js';
import { joinAll } from './joins.js';
import { PackedTransactions } from './packed-transactions.js';

/** A part of a block as execution needs it. */
export type ExecutablePart =
  | Exclude<BlockPart, { kind: 'transactions' }>
  | { readonly kind: 'transactions'; readonly transactions: readonly ExecutableTransaction[] };

export interface ExecuteOptions {
  /** The hash of the published set of keys (`KeySet.keysHash`), which every proof of the tree exposes. */
  readonly keysHash: Field;
  /** Aborting ends the execution within milliseconds, with `cancelled`. */
  readonly signal?: AbortSignal;
  /** Told after each transaction, how many were executed. */
  readonly onProgress?: (done: number) => void;
}

/** Executed transactions by their index, in whatever form they are kept. */
export interface ExecutedTransactions {
  readonly length: number;
  at(index: number): ExecutedTransaction | undefined;
}

export interface BlockExecution {
  readonly transactions: ExecutedTransactions;
  /** What the root proof must expose; a verifier compares all of it. */
  readonly rootPublic: RollupPublic;
}

/** An execution in a form that can be kept: see `executionPieces`. */
export interface PackedExecution extends BlockExecution {
  readonly transactions: PackedTransactions;
}

/**
 * Runs a block and keeps what is needed to make every circuit's inputs: some 200 bytes for each nullifier and state access,
 * 400 a call, and 300 for each value that is written. Lets the event loop turn after each call. Rejects with `block-not-executable` (`tx 3, call 1: …`),
 * `duplicate-nullifier` or `cancelled`.
 */
export async function executeParts(
  parts: AsyncIterable<ExecutablePart> | Iterable<ExecutablePart>,
  hasher: Hasher,
  options: ExecuteOptions,
): Promise<PackedExecution> {
  const transactions = new PackedTransactions();
  const bases: RollupPublic[] = [];
  for await (const transaction of executeTransactions(parts, hasher, options)) {
    transactions.add(transaction);
    bases.push(transaction.public);
  }
  transactions.trim();
  return { transactions, rootPublic: await inTurns(joinAll(hasher, bases), options.signal) };
}

/** The same, transaction by transaction, for a caller that keeps none of them. */
export async function* executeTransactions(
  parts: AsyncIterable<ExecutablePart> | Iterable<ExecutablePart>,
  hasher: Hasher,
  { keysHash, signal, onProgress }: ExecuteOptions,
): AsyncGenerator<ExecutedTransaction> {
  const executor = new BlockExecutor(hasher, keysHash);
  let done = 0;
  for await (const part of parts) {
    if (part.kind === 'state') await inTurns(executor.loadState(part), signal);
    else if (part.kind === 'contracts') executor.addContracts(part.contracts);
    else if (part.kind === 'transactions') {
      if (done === 0) await inTurns(executor.settle(), signal);
      for (const transaction of part.transactions) {
        yield await inTurns(executor.run(done, transaction), signal);
        done += 1;
        onProgress?.(done);
      }
    }
  }
}

/** The root of the state that a block starts from; reads no further than that. Rejects with `cancelled`. */
export async function startRootOf(
  parts: AsyncIterable<ExecutablePart> | Iterable<ExecutablePart>,
  hasher: Hasher,
  signal?: AbortSignal,
): Promise<Field> {
  const executor = new BlockExecutor(hasher, 0n);
  for await (const part of parts) {
    if (part.kind === 'state') await inTurns(executor.loadState(part), signal);
    else if (part.kind !== 'header') break;
  }
  await inTurns(executor.settle(), signal);
  return executor.root;
}

/** The same, of a block that is in memory, as is all that comes of it: for small ones. */
export async function executeBlock(
  { start, contracts, transactions }: ExecutableBlock,
  hasher: Hasher,
  options: ExecuteOptions,
): Promise<BlockExecution & { readonly transactions: readonly ExecutedTransaction[] }> {
  const parts: readonly ExecutablePart[] = [
    { kind: 'state', ...start },
    { kind: 'contracts', contracts },
    { kind: 'transactions', transactions },
  ];
  const executed: ExecutedTransaction[] = [];
  for await (const transaction of executeTransactions(parts, hasher, options)) executed.push(transaction);
  const bases = executed.map((transaction) => transaction.public);
  return { transactions: executed, rootPublic: await inTurns(joinAll(hasher, bases), options.signal) };
}

/** Runs a generator to its end, with a turn of the event loop after each step. */
async function inTurns<T>(steps: Generator<void, T>, signal: AbortSignal | undefined): Promise<T> {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    await setImmediate();
    if (signal?.aborted) throw new EspalierError('cancelled', 'execution of the block was cancelled');
  }
}
