import { readdirSync, readFileSync } from 'node:fs';
import { vi } from 'vitest';

export interface RunningProcess {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly cpuMs: number;
}

/** Whatever is alive in a process group. */
export function aliveInGroup(group: number): number[] {
  return allProcesses()
    .filter((other) => other.group === group)
    .map(({ pid }) => pid);
}

/**
 * Waits until a prover's process works: one in a group led by a child of `parent` that has used this much CPU time
 * since the call. Provers lead groups of their own.
 */
export async function workingProver(cpuMsMin = 60, parent = process.pid): Promise<RunningProcess> {
  const before = new Map(provers(parent).map(({ pid, cpuMs }) => [pid, cpuMs]));
  return vi.waitFor(
    () => {
      const working = provers(parent).find(({ pid, cpuMs }) => cpuMs - (before.get(pid) ?? 0) >= cpuMsMin);
      if (working === undefined) throw new Error(`no prover of process ${parent} works`);
      return working;
    },
    { interval: 5, timeout: 30_000 },
  );
}

/** Groups that provers of this process lead: by the pid of the leader. */
export function proverGroups(parent = process.pid): number[] {
  return allProcesses()
    .filter((other) => other.parent === parent && other.pid === other.group)
    .map(({ group }) => group);
}

function provers(parent: number): RunningProcess[] {
  const groups = proverGroups(parent);
  return allProcesses().filter(({ group }) => groups.includes(group));
}

/** Zombies are left out: they hold no memory and are gone but for their name. */
function allProcesses(): RunningProcess[] {
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
