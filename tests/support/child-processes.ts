import { readdirSync, readFileSync } from 'node:fs';
import { vi } from 'vitest';

export interface ChildProcess {
  readonly pid: number;
  readonly group: number;
  readonly cpuMs: number;
}

/** Children of a process that are alive: zombies hold no memory and are gone but for their name. */
export function childrenOf(parent = process.pid): ChildProcess[] {
  return allProcesses().filter((other) => other.parent === parent);
}

/** Whatever is alive in these process groups. */
export function aliveInGroups(groups: readonly number[]): number[] {
  return allProcesses()
    .filter((other) => groups.includes(other.group))
    .map(({ pid }) => pid);
}

/** A child that has been working for a while: it has used this much CPU time since the call. */
export async function workingChild(cpuMsMin = 60, parent = process.pid): Promise<ChildProcess> {
  const before = new Map(childrenOf(parent).map(({ pid, cpuMs }) => [pid, cpuMs]));
  return vi.waitFor(
    () => {
      const working = childrenOf(parent).find(({ pid, cpuMs }) => cpuMs - (before.get(pid) ?? 0) >= cpuMsMin);
      if (working === undefined) throw new Error(`no child of ${parent} works`);
      return working;
    },
    { interval: 5, timeout: 30_000 },
  );
}

function allProcesses(): (ChildProcess & { readonly parent: number })[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.flatMap((name) => {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (fields[0] === 'Z') return [];
      const cpuMs = (Number(fields[11]) + Number(fields[12])) * 10;
      return [{ pid: Number(name), parent: Number(fields[1]), group: Number(fields[2]), cpuMs }];
    } catch {
      // It ended between the listing and the reading.
      return [];
    }
  });
}
