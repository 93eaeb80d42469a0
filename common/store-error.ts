import { EspalierError } from './errors.js';

/** What the file system said, as `disk-full` or `store-unavailable`, with the place and the deed in front. */
export function storeError(deed: string, path: string, thrown: unknown): EspalierError {
  if (thrown instanceof EspalierError) return thrown;
  const code = errnoOf(thrown);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new EspalierError('disk-full', `cannot ${deed} ${path}: no space left (${code})`, {
      cause: thrown,
      remedy: 'free some space and run the same command again; finished proofs are kept',
    });
  }
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  return new EspalierError('store-unavailable', `cannot ${deed} ${path}: ${reason}`, {
    cause: thrown,
    remedy: 'check that the folder is there, is on a disk that works and can be written by this user',
  });
}

/** `ENOENT` and the like; undefined for what is not an error of the operating system. */
export function errnoOf(thrown: unknown): string | undefined {
  return thrown instanceof Error ? (thrown as NodeJS.ErrnoException).code : undefined;
}
