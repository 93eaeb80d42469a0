import { randomBytes } from 'node:crypto';
import { isRunning, ownIdentity } from './process-identity.js';

/**
 * A name for a file that is not finished: `<name>~<pid>~<start of the process>~<random>`. No key holds a `~`, so such
 * a file is never taken for a blob, and whoever finds one can tell whether its maker may still be at work on it.
 */
export function tempName(name: string): string {
  const { pid, startedAt } = ownIdentity();
  return `${name}~${pid}~${startedAt}~${randomBytes(6).toString('hex')}`;
}

/** Whether this is the unfinished file of a process that is gone: nobody will finish it. */
export function isAbandonedTempName(fileName: string): boolean {
  const match = /^[^~]+~(\d+)~([^~]*)~[0-9a-f]{12}$/.exec(fileName);
  return match !== null && !isRunning({ pid: Number(match[1]), startedAt: match[2] ?? '' });
}
