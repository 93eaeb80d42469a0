/**
 * What control groups (Linux's, as Docker and Kubernetes set them) leave to this process. Pure but for the reading
 * itself, which the caller hands in. Versions 1 and 2 are told apart by what is there.
 *
 * https://docs.kernel.org/admin-guide/cgroup-v2.html, https://docs.kernel.org/admin-guide/cgroup-v1/memory.html
 */

/** The text of a file; null if it cannot be read. */
export type ReadText = (path: string) => string | null;

export interface ControlGroupLimits {
  /** Processor time a second, in cores, e.g. 1.5; null without a limit. */
  readonly cores: number | null;
  /** Null without a limit. */
  readonly memoryBytes: number | null;
  /** Of that limit, what is in use and cannot be reclaimed; null without a limit. */
  readonly memoryUsedBytes: number | null;
}

const MOUNT = '/sys/fs/cgroup';

export function readControlGroupLimits(read: ReadText): ControlGroupLimits {
  const groups = parseGroups(read('/proc/self/cgroup') ?? '');
  const cores: number[] = [];
  const memory: { limit: number; used: number }[] = [];
  for (const { controllers, path } of groups) {
    const versionTwo = controllers.length === 0;
    // A limit of any group above counts too. A container may see its path from outside, which does not exist inside;
    // its own group is then the root of the mount, which is among them.
    for (const folder of upwards(path)) {
      if (versionTwo || controllers.includes('cpu'))
        push(cores, versionTwo ? coresV2(read, folder) : coresV1(read, folder));
      if (versionTwo || controllers.includes('memory')) {
        push(memory, versionTwo ? memoryV2(read, folder) : memoryV1(read, folder));
      }
    }
  }
  const tightest = memory.sort((a, b) => a.limit - a.used - (b.limit - b.used))[0];
  return {
    cores: cores.length === 0 ? null : Math.min(...cores),
    memoryBytes: memory.length === 0 ? null : Math.min(...memory.map(({ limit }) => limit)),
    memoryUsedBytes: tightest?.used ?? null,
  };
}

/** Lines of `/proc/self/cgroup`: `hierarchy:controllers:path`, without controllers for version 2. */
function parseGroups(text: string): { controllers: readonly string[]; path: string }[] {
  return text
    .split('\n')
    .map((line) => /^\d+:([^:]*):(\/.*)$/.exec(line))
    .filter((match) => match !== null)
    .map(([, controllers = '', path = '/']) => ({ controllers: controllers.split(',').filter(Boolean), path }));
}

/** `/a/b`, `/a`, and the empty path of the root. */
function upwards(path: string): string[] {
  const parts = path.split('/').filter(Boolean);
  return Array.from({ length: parts.length + 1 }, (_, up) =>
    parts
      .slice(0, parts.length - up)
      .map((part) => `/${part}`)
      .join(''),
  );
}

/** `cpu.max` holds `quota period`, in microseconds, or `max period`. */
function coresV2(read: ReadText, folder: string): number | null {
  const [quota, period] = (read(`${MOUNT}${folder}/cpu.max`) ?? '').trim().split(/\s+/);
  return ratio(quota, period);
}

function coresV1(read: ReadText, folder: string): number | null {
  const mount = [`${MOUNT}/cpu`, `${MOUNT}/cpu,cpuacct`].find(
    (path) => read(`${path}${folder}/cpu.cfs_quota_us`) !== null,
  );
  if (mount === undefined) return null;
  return ratio(read(`${mount}${folder}/cpu.cfs_quota_us`)?.trim(), read(`${mount}${folder}/cpu.cfs_period_us`)?.trim());
}

function memoryV2(read: ReadText, folder: string): { limit: number; used: number } | null {
  const at = `${MOUNT}${folder}`;
  const limit = bytes(read(`${at}/memory.max`));
  if (limit === null) return null;
  const reclaimable = statistic(read(`${at}/memory.stat`), 'inactive_file');
  return { limit, used: Math.max(0, (bytes(read(`${at}/memory.current`)) ?? 0) - reclaimable) };
}

function memoryV1(read: ReadText, folder: string): { limit: number; used: number } | null {
  const at = `${MOUNT}/memory${folder}`;
  const limit = bytes(read(`${at}/memory.limit_in_bytes`));
  if (limit === null) return null;
  const reclaimable = statistic(read(`${at}/memory.stat`), 'total_inactive_file');
  return { limit, used: Math.max(0, (bytes(read(`${at}/memory.usage_in_bytes`)) ?? 0) - reclaimable) };
}

/** Version 1 writes "no limit" as the largest multiple of a page below 2^63. */
const NO_LIMIT_BYTES = 2 ** 62;

function bytes(text: string | null): number | null {
  const value = Number.parseInt(text ?? '', 10);
  return Number.isFinite(value) && value < NO_LIMIT_BYTES ? value : null;
}

/** Version 1 writes "no limit" as -1, version 2 as `max`. */
function ratio(quota: string | undefined, period: string | undefined): number | null {
  const value = Number(quota) / Number(period);
  return Number.isFinite(value) && value > 0 ? value : null;
}

function statistic(text: string | null, name: string): number {
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text ?? '')?.[1] ?? 0);
}

function push<T>(list: T[], value: T | null): void {
  if (value !== null) list.push(value);
}
