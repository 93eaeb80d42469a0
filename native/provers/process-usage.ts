import { readFileSync, writeFileSync } from 'node:fs';

/** Clock ticks a second in `/proc`: USER_HZ, which is 100 on every architecture that `bb` is built for. */
const TICKS_PER_SECOND = 100;

/** User and system time a process has used, its threads included; null where `/proc` does not tell. */
export function cpuMsOf(pid: number): number | null {
  const stat = readProc(pid, 'stat');
  if (stat === null) return null;
  // The second field is the name in parentheses and may hold anything; utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return Number.isFinite(ticks) ? (ticks * 1000) / TICKS_PER_SECOND : null;
}

/** The most memory a process had resident since it started or since `resetPeakMemory`; null where it cannot be told. */
export function peakMemoryBytesOf(pid: number): number | null {
  return statusBytes(pid, 'VmHWM');
}

/** The memory a process has resident now; null where it cannot be told. */
export function residentBytesOf(pid: number): number | null {
  return statusBytes(pid, 'VmRSS');
}

/** Lets the peak start again from what is resident now. False where the system cannot. */
export function resetPeakMemory(pid: number): boolean {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5');
    return true;
  } catch {
    return false;
  }
}

/** How many processes this kernel has ended for want of memory since it started; null where it does not tell. */
export function oomKills(): number | null {
  try {
    const count = /^oom_kill (\d+)$/m.exec(readFileSync('/proc/vmstat', 'utf8'))?.[1];
    return count === undefined ? null : Number(count);
  } catch {
    return null;
  }
}

function statusBytes(pid: number, field: 'VmHWM' | 'VmRSS'): number | null {
  const line = (readProc(pid, 'status') ?? '').split('\n').find((text) => text.startsWith(`${field}:`));
  const kilobytes = /(\d+) kB$/.exec(line ?? '')?.[1];
  return kilobytes === undefined ? null : Number(kilobytes) * 1024;
}

function readProc(pid: number, file: string): string | null {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return null;
  }
}
