/**
 * What outlives a process: `ProofStore` keeps proofs and inputs under job ids, `BlockStore` blocks and how they ended,
 * both checked when they are read, in any `BlobStore` (memory, files, Redis, S3; every adapter is held to
 * `tests/conformance/blob-store.ts`). `openBlobStore` opens the one that a URL names.
 */
export { BLOB_BYTES_MAX, type BlobStore } from './blob-store.js';
export { type BlockPieces, type BlockPlace, BlockStore, type ExecutionLabel } from './block-store.js';
export { FileBlobStore } from './file-blob-store.js';
export { MemoryBlobStore, type MemoryBlobStoreOptions } from './memory-blob-store.js';
export { type OpenBlobStore, type OpenBlobStoreOptions, openBlobStore } from './open-blob-store.js';
export { ProofStore } from './proof-store.js';
export { StoredBlock } from './stored-block.js';
