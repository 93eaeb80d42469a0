/**
 * What outlives a process: `ProofStore` keeps proofs and inputs under job ids, checked when they are read, in any
 * `BlobStore` (memory and files here; every adapter is held to `tests/conformance/blob-store.ts`).
 */
export { BLOB_BYTES_MAX, type BlobStore } from './blob-store.js';
export { FileBlobStore } from './file-blob-store.js';
export { MemoryBlobStore, type MemoryBlobStoreOptions } from './memory-blob-store.js';
export { proofSummarySchema } from './proof-header.js';
export { ProofStore } from './proof-store.js';
