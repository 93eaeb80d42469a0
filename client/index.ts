/**
 * The client of Espalier's API, published as `espalier/client`: submit blocks, follow them, collect their proofs. What
 * it does about broken connections, cursors and flow control is in `docs/api.md`.
 */
export { type ErrorCode, EspalierError, type SerializedError } from '../common/index.js';
export {
  type Block,
  type BlockId,
  type BlockOutlook,
  type BlockPart,
  type BlockState,
  type BlockView,
  blockId,
  type Call,
  type Capacity,
  type CircuitName,
  type ClassDemand,
  type ClientProof,
  type Contract,
  type Field,
  type Forecast,
  type JobId,
  type Lateness,
  type LatenessCause,
  type LevelProgress,
  type ProofRecord,
  type ProofSummary,
  parseField,
  partsOf,
  type ResourceClass,
  readBlockParts,
  type SnapshotReason,
  type StorageEntry,
  type SubmissionOutcome,
  type Transaction,
  toHex,
  verifySignature,
  type WatchedEvent,
  type WorkerInfo,
} from '../proto/index.js';
export type { CallOptions, Client, ListBlocksOptions } from './client.js';
export type { ClientOptions, Pem, TlsOptions, Trouble } from './client-options.js';
export { createClient } from './create-client.js';
export type { ProofItem, ProofsOptions } from './stream-proofs.js';
export type { BlockSource, Replaced, SubmitOptions, SubmitProgress, Submitted } from './submit-block.js';
export type { WatchOptions, WatchPlace, WatchUpdate } from './watch-block.js';
