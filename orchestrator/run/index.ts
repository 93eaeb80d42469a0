/** Proves a block: checks and executes it, plans its tree, and drives the scheduler until the root proof is durable. */
export { checkRoot } from './check-root.js';
export { EmbeddedStore } from './embedded-store.js';
export { JobInputs } from './job-inputs.js';
export {
  type PreparedBlock,
  type PrepareOptions,
  type PrepareTools,
  planExecution,
  prepareBlock,
} from './prepare-block.js';
export { type ProveBlockOptions, proveBlock } from './prove-block.js';
export { type JournalEntry, RunJournal } from './run-journal.js';
