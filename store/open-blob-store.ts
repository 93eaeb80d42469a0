import { open, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EspalierError, makeFolder, storeError, tempName } from '../common/index.js';
import type { BlobStore } from './blob-store.js';
import { isKeySegment } from './check-key.js';
import { FileBlobStore } from './file-blob-store.js';
import { S3_FORM } from './s3-place.js';

export interface OpenBlobStoreOptions {
  /** What `redis:` stands for: the URL of the queue's Redis. */
  readonly redisUrl?: string | undefined;
  /** Everything is below it (a folder, a prefix of keys), so fleets that share a store keep out of each other's blobs. */
  readonly namespace: string;
  /** Hears once when the connection to a Redis is lost, and once when it is back. */
  readonly onTrouble?: ((message: string) => void) | undefined;
}

export interface OpenBlobStore {
  readonly blobs: BlobStore;
  /** For messages: without passwords. A folder or prefix is shown with the namespace that it is below. */
  readonly shown: string;
  /** Ends its connections. Idempotent. */
  close(): void;
}

/**
 * The store that `--store` names: a folder (`file:///shared/proofs`, or a path) that all machines see, `s3://…`,
 * `redis://…` or `rediss://…`, or `redis:`, which is the queue's own Redis. It is there and can be used when this
 * resolves; else it rejects with `store-unavailable`, `redis-unsuitable` or, for what names none of these, `usage`.
 *
 * Credentials for S3 are read from the environment by its SDK (`AWS_ACCESS_KEY_ID`, `AWS_PROFILE`, `AWS_REGION` and so on).
 */
export async function openBlobStore(url: string, options: OpenBlobStoreOptions): Promise<OpenBlobStore> {
  const { namespace } = options;
  if (!isKeySegment(namespace)) throw badNamespace(namespace);
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(url)?.[1]?.toLowerCase();
  switch (scheme) {
    case undefined:
      if (url === '') throw unusable('it is empty');
      // A shell replaces it, but not within quotes, in a file of settings or after an equals sign.
      if (/^~(\/|$)/.test(url)) throw unusable('~ is not replaced here; write the home folder out');
      return openFolder(join(resolve(url), namespace));
    case 'file':
      return openFolder(join(pathOf(url), namespace));
    case 's3': {
      // Its SDK takes a tenth of a second to load, which only those who use it shall pay.
      const { S3BlobStore } = await import('./s3-blob-store.js');
      const store = await S3BlobStore.open({ url: belowPrefix(url, namespace) });
      return { blobs: store, shown: store.shown, close: () => store.close() };
    }
    case 'redis':
    case 'rediss': {
      const { RedisBlobStore } = await import('./redis-blob-store.js');
      const store = await RedisBlobStore.open({ ...options, url: redisUrlOf(url, options.redisUrl) });
      return { blobs: store, shown: store.shown, close: () => store.close() };
    }
    default:
      throw unusable(`nothing is known of ${scheme}:`);
  }
}

async function openFolder(folder: string): Promise<OpenBlobStore> {
  try {
    await makeFolder(folder);
    // Only writing tells whether one can: rights say nothing of a file system that is mounted to be read.
    const probe = join(folder, tempName('probe'));
    await (await open(probe, 'wx')).close();
    await rm(probe);
  } catch (error) {
    throw storeError('write to the folder', folder, error);
  }
  const blobs = await FileBlobStore.open(folder);
  return { blobs, shown: folder, close: () => undefined };
}

function pathOf(url: string): string {
  let path: string;
  try {
    path = fileURLToPath(url);
  } catch (error) {
    throw unusable(error instanceof Error ? error.message : String(error));
  }
  // `file://` is the root as well: more likely a variable that was empty than meant.
  if (path === '/') throw unusable('it names no folder');
  return path;
}

/** Of a URL that may be malformed: whoever parses it says so. */
function belowPrefix(s3Url: string, namespace: string): string {
  return s3Url.replace(/^[^?#]*/, (place) => `${place}/${namespace}`);
}

function redisUrlOf(url: string, ofQueue: string | undefined): string {
  if (url !== 'redis:') return url;
  if (ofQueue === undefined) throw unusable('there is no Redis of a queue that redis: could stand for');
  return ofQueue;
}

function badNamespace(namespace: string): EspalierError {
  return new EspalierError('usage', `a store can have no namespace ${JSON.stringify(namespace)}`, {
    remedy: 'give letters, digits and . _ - only, and neither . nor ..',
  });
}

// The URL itself is not shown: it may hold a password.
function unusable(why: string): EspalierError {
  return new EspalierError('usage', `the store's URL cannot be used: ${why}`, {
    remedy: `give a folder (file:///path, or a path), ${S3_FORM}, redis://host:6379, or redis: for the queue's own`,
  });
}
