import { setImmediate } from 'node:timers/promises';
import type { Hasher, RollupPublic } from '../../circuits/index.js';
import { EspalierError } from '../../common/index.js';
import type { Field } from '../../proto/index.js';
import { BlockExecutor, type ExecutableBlock } from './block-executor.js';
import type { ExecutedTransaction } from './executed-transaction.js';
import { joinAll } from './joins.js';

export interface ExecuteOptions {
  /** The hash of the published set of keys (`KeySet.keysHash`), which every proof of the tree exposes. */
  readonly keysHash: Field;
  /** Aborting ends the execution within milliseconds, with `cancelled`. */
  readonly signal?: AbortSignal;
  /** Told after each transaction. */
  readonly onProgress?: (done: number, total: number) => void;
}

export interface BlockExecution {
  readonly transactions: readonly ExecutedTransaction[];
  /** What the root proof must expose; a verifier compares all of it. */
  readonly rootPublic: RollupPublic;
}

/**
 * Runs a block and keeps what is needed to make every circuit's inputs: about 1 kB for each nullifier and state access.
 * Lets the event loop turn after each call. Rejects with `block-not-executable` (`tx 3, call 1: …`),
 * `duplicate-nullifier` or `cancelled`.
 */
export async function executeBlock(
  block: ExecutableBlock,
  hasher: Hasher,
  options: ExecuteOptions,
): Promise<BlockExecution> {
  const transactions: ExecutedTransaction[] = [];
  for await (const transaction of executeTransactions(block, hasher, options)) transactions.push(transaction);
  const bases = transactions.map((transaction) => transaction.public);
  const rootPublic = await inTurns(joinAll(hasher, bases), options.signal);
  return { transactions, rootPublic };
}

/** The same, transaction by transaction, for a caller that stores inputs as they come and keeps none of them. */
export async function* executeTransactions(
  block: ExecutableBlock,
  hasher: Hasher,
  { keysHash, signal, onProgress }: ExecuteOptions,
): AsyncGenerator<ExecutedTransaction> {
  const executor = new BlockExecutor(hasher, block, keysHash);
  await inTurns(executor.loadState(block.start), signal);
  for (const [index, transaction] of block.transactions.entries()) {
    yield await inTurns(executor.run(index, transaction), signal);
    onProgress?.(index + 1, block.transactions.length);
  }
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
