import { EspalierError } from '../common/index.js';
import { BLOB_BYTES_MAX } from './blob-store.js';

const KEY_CHARS_MAX = 200;
const SEGMENT = /^[A-Za-z0-9._-]+$/;

/** Whether a name may stand between the slashes of a key. */
export function isKeySegment(name: string): boolean {
  return SEGMENT.test(name) && name !== '.' && name !== '..';
}

export function isKey(key: string): boolean {
  return key.length <= KEY_CHARS_MAX && key.split('/').every(isKeySegment);
}

export function checkKey(key: string): void {
  if (!isKey(key)) throw new EspalierError('internal', `not a key of a blob store: ${JSON.stringify(key)}`);
}

/** A prefix is empty (every key) or a key and a slash. */
export function checkPrefix(prefix: string): void {
  if (prefix !== '' && !(prefix.endsWith('/') && isKey(prefix.slice(0, -1)))) {
    throw new EspalierError('internal', `not a prefix of whole segments: ${JSON.stringify(prefix)}`);
  }
}

export function checkBlobSize(key: string, bytes: number): void {
  if (bytes > BLOB_BYTES_MAX) {
    throw new EspalierError('internal', `blob ${key} has ${bytes} bytes, more than the ${BLOB_BYTES_MAX} of a blob`);
  }
}
