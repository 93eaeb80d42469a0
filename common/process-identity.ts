import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/**
 * One process of this machine for good: process ids are used again, a process id with its start time is not.
 * `startedAt` is the start in clock ticks since boot and the boot's id, or empty where the system does not tell.
 */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startedAt: string;
}

let own: ProcessIdentity | undefined;

export function ownIdentity(): ProcessIdentity {
  own ??= { pid: process.pid, startedAt: processStart(process.pid) ?? '' };
  return own;
}

/**
 * Where process ids mean what they mean here: the machine's name and, on Linux, the PID namespace, which every container
 * has of its own. Nobody can tell from here whether a process of another place still runs.
 */
export function ownPlace(): string {
  try {
    return `${hostname()} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return hostname();
  }
}

/** Whether that very process, of this place, still runs. Where start times cannot be read, any process with its id counts. */
export function isRunning({ pid, startedAt }: ProcessIdentity): boolean {
  let isForeign = false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it is there and belongs to somebody else, who may also hide when it started.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
    isForeign = true;
  }
  const present = processStart(pid);
  if (present === undefined) return startedAt === '' || isForeign;
  return present !== 'ended' && (startedAt === '' || startedAt === present);
}

/** Undefined where `/proc` does not tell; `ended` for a process that only waits for its parent to notice. */
function processStart(pid: number): string | undefined {
  try {
    // `pid (name) state ppid …`: the name may hold spaces and brackets, so count fields from its end.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return 'ended';
    const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8');
    return `${fields[19]}-${bootId.slice(0, 8)}`;
  } catch {
    return undefined;
  }
}
