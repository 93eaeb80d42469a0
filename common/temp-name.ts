import { createHash, randomBytes } from 'node:crypto';
import { isRunning, ownIdentity, ownPlace } from './process-identity.js';

/**
 * A name for a file that is not finished: `<name>~<place>~<pid>~<start of the process>~<random>`. No key holds a `~`, so
 * such a file is never taken for a blob, and whoever finds one can tell whether its maker may still be at work on it.
 */
export function tempName(name: string): string {
  const { pid, startedAt } = ownIdentity();
  return `${name}~${placeMark()}~${pid}~${startedAt}~${randomBytes(6).toString('hex')}`;
}

/**
 * Whether this is the unfinished file of a process that is gone: nobody will finish it. One that was made elsewhere (a
 * folder may be shared by machines and containers) never counts as such: nobody can tell from here.
 */
export function isAbandonedTempName(fileName: string): boolean {
  const match = /^[^~]+~([0-9a-f]{8})~(\d+)~([^~]*)~[0-9a-f]{12}$/.exec(fileName);
  if (match === null || match[1] !== placeMark()) return false;
  return !isRunning({ pid: Number(match[2]), startedAt: match[3] ?? '' });
}

let mark: string | undefined;

function placeMark(): string {
  mark ??= createHash('sha256').update(ownPlace()).digest('hex').slice(0, 8);
  return mark;
}
