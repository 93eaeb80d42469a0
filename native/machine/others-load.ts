import { readdirSync, readFileSync } from 'node:fs';

/** USER_HZ, see `proc(5)`. */
const MS_PER_TICK = 10;

/**
 * Begins to watch the machine. What it returns tells how many cores, on average since then, other programs (or other
 * guests of the same host) had; null where `/proc` does not tell. What is measured on a machine that is not
 * one's own is worth as much as this is small.
 */
export function watchOthers(): () => number | null {
  const startedMs = performance.now();
  const before = readOthersMs();
  return () => {
    const after = readOthersMs();
    if (before === null || after === null) return null;
    return Math.max(0, after - before) / (performance.now() - startedMs);
  };
}

function readOthersMs(): number | null {
  try {
    return othersMs(readFileSync('/proc/stat', 'utf8'), statsOf(process.pid));
  } catch {
    return null;
  }
}

/** Of a process and of all below it that live. Any thread may have started a child, and children have their own. */
function statsOf(pid: number | string): readonly string[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean),
  );
  const stats = children.flatMap((child) => {
    try {
      return statsOf(child);
    } catch {
      // It has ended just now: its parent, which is read after it, tells of it.
      return [];
    }
  });
  return [...stats, readFileSync(`/proc/${pid}/stat`, 'utf8')];
}

/**
 * Processor time of all programs but ours since the machine started: from `/proc/stat`, and `/proc/<pid>/stat` of this
 * process and of all living ones below it (of children that have ended and were waited for, each tells itself).
 */
export function othersMs(stat: string, ours: readonly string[]): number {
  return ours.reduce((sum, own) => sum - ownMs(own), busyMs(stat));
}

/** All cores together: user, nice, system, (idle, iowait,) irq, softirq, steal. */
function busyMs(stat: string): number {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = (stat.split('\n')[0] ?? '')
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user + nice + system + irq + softirq + steal) * MS_PER_TICK;
}

/** User and system time of a process and of its children that have ended. */
function ownMs(stat: string): number {
  // After the name in parentheses, which may hold anything; utime, stime, cutime and cstime are fields 14 to 17.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) * MS_PER_TICK;
}
