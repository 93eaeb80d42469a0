/** Runs blocks: the public VM's interpreter, the state transitions, and every circuit's inputs. */
export type { ExecutableBlock, ExecutableTransaction } from './block-executor.js';
export {
  type BlockExecution,
  type ExecutablePart,
  type ExecutedTransactions,
  type ExecuteOptions,
  executeBlock,
  executeParts,
  executeTransactions,
  type PackedExecution,
  startRootOf,
} from './execute-block.js';
export type { ExecutedAccess, ExecutedCall, ExecutedTransaction, RollupNode } from './executed-transaction.js';
export { type CallEnvironment, type CallOutcome, interpret } from './interpret.js';
export { joinInputs, joinPublic, rootSingleInputs } from './joins.js';
export { EXECUTION_FORMAT, executionPieces, readExecution } from './kept-execution.js';
