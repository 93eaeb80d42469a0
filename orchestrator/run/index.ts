/** Proves a block: checks and executes it, plans its tree, and drives the scheduler until the root proof is durable. */
export { checkRoot } from './check-root.js';
export { ClientProofs, clientProofIdOf } from './client-proofs.js';
export { EmbeddedStore } from './embedded-store.js';
export { type FoundProofs, findProofs } from './found-proofs.js';
export { JobInputs } from './job-inputs.js';
export { plannedEvent } from './planned-event.js';
export {
  type PreparedBlock,
  type PrepareOptions,
  type PrepareTools,
  planExecution,
  planStart,
  planTree,
  prepareBlock,
} from './prepare-block.js';
export { type ProveBlockOptions, proveBlock } from './prove-block.js';
export { type JournalEntry, RunJournal } from './run-journal.js';
export { SchedulerShell } from './scheduler-shell.js';
export type { BlockOutcome, DrivenBlock, ShellHost } from './shell-host.js';
export { type ProofChecks, StoredProofs } from './stored-proofs.js';
export { verifyClientProofs } from './verify-client-proofs.js';
