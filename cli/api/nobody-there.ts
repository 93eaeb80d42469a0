import type { BlockStatus } from '../../proto/index.js';

type Open = Pick<BlockStatus, 'owner' | 'state' | 'running'>;

/**
 * What keeps open blocks waiting where somebody is missing, and what to look at; null where nobody is. `workers`: how
 * many are alive.
 */
export function nobodyThere(open: readonly Open[], workers: number): string | null {
  if (open.length === 0) return null;
  if (open.every(({ owner }) => owner === null)) {
    const them = open.length === 1 ? 'it' : 'them';
    return `no orchestrator has taken ${them} yet: is one running with this --redis and --namespace, and the same --srs?`;
  }
  const waits = open.some(({ owner, state, running }) => owner !== null && state === 'proving' && running === 0);
  return waits && workers === 0 ? 'no worker is alive: is one running with this --redis and --namespace?' : null;
}
