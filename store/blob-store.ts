/**
 * Bytes under names, durable and whole: the one thing an outside storage system must do for Espalier. `ProofStore`
 * builds records, checksums and content addresses on top of it. Adapters: `MemoryBlobStore`, `FileBlobStore`,
 * `RedisBlobStore`, `S3BlobStore`; all pass `tests/conformance/blob-store.ts`.
 *
 * Keys are one or more segments of `[A-Za-z0-9._-]+` joined by `/`, at most 200 characters; no segment is `.` or `..`,
 * and no key is the folder of another (`a` and `a/b`). Other keys, and blobs beyond `BLOB_BYTES_MAX`, reject with
 * `internal`: whoever calls with them has a fault. Failures reject with `store-unavailable` (or `disk-full`), never
 * with a half-written blob: a reader sees all or nothing.
 */
export interface BlobStore {
  /** Durable when resolved (for files: data and folder entry are synced). Overwrites. */
  put(key: string, bytes: Uint8Array): Promise<void>;
  /** undefined when there is no such key. */
  get(key: string): Promise<Uint8Array | undefined>;
  has(key: string): Promise<boolean>;
  /** Deleting what is not there is fine. */
  delete(key: string): Promise<void>;
  /** Keys under a prefix of whole segments (`proofs/`), sorted. Never yields what an interrupted `put` left behind. */
  list(prefix: string): AsyncIterable<string>;
}

/** Bytes of one blob: far above a proof (32 kB) and the inputs of a job (100 kB), and safe to hold in memory. */
export const BLOB_BYTES_MAX = 16 * 1024 * 1024;
