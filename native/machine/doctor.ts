import { mkdir, statfs } from 'node:fs/promises';
import { cacheFolder, EspalierError } from '../../common/index.js';
import { findBb } from '../srs/find-bb.js';
import { DEFAULT_POINTS } from '../srs/known-srs.js';
import { type SrsStatus, srsStatus } from '../srs/srs-status.js';
import { type Machine, probeMachine } from './machine.js';
import { type BbProbe, probeBb } from './probe-bb.js';

export interface DoctorCheck {
  readonly name: string;
  /** `warn`: proving works, with less than it could. */
  readonly status: 'ok' | 'warn' | 'fail';
  readonly found: string;
  readonly needed: string;
  /** What mends it: a command where there is one. Absent when nothing is to be done. */
  readonly remedy?: string;
}

/** What the blocks to be proven take. */
export interface DoctorNeeds {
  readonly cores: number;
  readonly memoryBytes: number;
  readonly srsPoints: number;
  readonly freeDiskBytes: number;
}

const GIBIBYTE = 2 ** 30;

/** For the laptop profile: one job at a time, the largest (two verifications in one circuit) at 2 GB. */
export const LAPTOP_NEEDS: DoctorNeeds = {
  cores: 2,
  memoryBytes: 4 * GIBIBYTE,
  srsPoints: DEFAULT_POINTS,
  freeDiskBytes: GIBIBYTE,
};

/** The oldest Node that is supported, as in `engines` of package.json. */
const NODE_NEEDED = [20, 19] as const;

export interface DoctorFacts {
  readonly machine: Machine;
  readonly bb: BbProbe & { readonly path: string | null };
  readonly srs: readonly SrsStatus[];
  readonly disk: { readonly folder: string; readonly freeBytes: number };
}

/** Looks at the machine and says what is missing for proving, and the command that mends it. Half a second. */
export async function doctorChecks(
  env: Readonly<Record<string, string | undefined>>,
  needs: DoctorNeeds = LAPTOP_NEEDS,
): Promise<DoctorCheck[]> {
  const folder = cacheFolder(env);
  const [machine, bb, srs, freeBytes] = await Promise.all([
    probeMachine(),
    findAndProbeBb(env),
    srsStatus(env),
    freeDiskBytes(folder),
  ]);
  return judge({ machine, bb, srs, disk: { folder, freeBytes } }, needs);
}

/** Bytes that this user may still write below a folder, which is made if it is not there. */
export async function freeDiskBytes(folder: string): Promise<number> {
  await mkdir(folder, { recursive: true });
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

async function findAndProbeBb(env: Readonly<Record<string, string | undefined>>): Promise<DoctorFacts['bb']> {
  try {
    const path = findBb(env);
    return { ...(await probeBb(path)), path };
  } catch (error) {
    return { problem: EspalierError.from(error).toLine(), path: null };
  }
}

/** The pure part: facts against needs, a line each. */
export function judge(facts: DoctorFacts, needs: DoctorNeeds): DoctorCheck[] {
  const { machine, disk } = facts;
  return [
    judgeNode(machine.nodeVersion),
    {
      name: 'cores',
      status: machine.cores >= needs.cores ? 'ok' : 'warn',
      found: String(machine.cores),
      needed: String(needs.cores),
      ...remedyUnless(
        machine.cores >= needs.cores,
        'give the container or process more cores; proofs take longer on fewer',
      ),
    },
    {
      name: 'memory',
      status:
        machine.memoryBytes < needs.memoryBytes
          ? 'fail'
          : machine.memoryAvailableBytes < needs.memoryBytes
            ? 'warn'
            : 'ok',
      found: `${gibibytes(machine.memoryBytes)}, ${gibibytes(machine.memoryAvailableBytes)} of it available`,
      needed: gibibytes(needs.memoryBytes),
      ...remedyUnless(
        machine.memoryAvailableBytes >= needs.memoryBytes,
        'raise the memory limit of the container, or end other programs',
      ),
    },
    judgeBb(facts.bb),
    {
      name: 'WASM threads',
      status: machine.wasmThreads ? 'ok' : 'warn',
      found: machine.wasmThreads ? 'yes' : 'no',
      needed: 'for the WASM prover only',
    },
    judgeSrs(facts.srs, needs.srsPoints),
    {
      name: 'GPUs',
      status: 'ok',
      found: machine.gpus.map((gpu) => `${gpu.name} (${gibibytes(gpu.memoryBytes)})`).join(', ') || 'none',
      needed: 'none; used by an external prover only',
    },
    {
      name: 'free disk',
      status: disk.freeBytes >= needs.freeDiskBytes ? 'ok' : 'fail',
      found: `${gibibytes(disk.freeBytes)} in ${disk.folder}`,
      needed: gibibytes(needs.freeDiskBytes),
      ...remedyUnless(
        disk.freeBytes >= needs.freeDiskBytes,
        'free some space, or put the cache elsewhere with ESPALIER_CACHE',
      ),
    },
  ];
}

function judgeNode(version: string): DoctorCheck {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [neededMajor, neededMinor] = NODE_NEEDED;
  const ok = major > neededMajor || (major === neededMajor && minor >= neededMinor);
  const needed = `${neededMajor}.${neededMinor} or later`;
  return {
    name: 'Node',
    status: ok ? 'ok' : 'fail',
    found: version,
    needed,
    ...remedyUnless(ok, `install Node ${needed}`),
  };
}

function judgeBb(bb: DoctorFacts['bb']): DoctorCheck {
  const base = { name: 'bb', needed: 'a binary that starts' };
  if ('version' in bb) return { ...base, status: 'ok', found: `${bb.version} (${bb.path})` };
  return {
    ...base,
    status: 'fail',
    found: bb.path === null ? bb.problem : `${bb.path} does not start: ${bb.problem}`,
    remedy: 'run `npm ci`, or name a bb that runs on this system in ESPALIER_BB',
  };
}

function judgeSrs(list: readonly SrsStatus[], points: number): DoctorCheck {
  const needed = `${points} points`;
  const good = (name: string) => list.find((srs) => srs.valid && srs.name === name && srs.points >= points);
  const canonical = good('canonical');
  if (canonical) return { name: 'SRS', status: 'ok', found: describe(canonical), needed };
  const development = good('development');
  const found = list.map(describe).join('; ') || 'none on this machine';
  return {
    name: 'SRS',
    // Never a failure: the first command that needs one gets it.
    status: 'warn',
    found,
    needed: `${needed} of the canonical one`,
    remedy: development
      ? 'run `espalier srs fetch`'
      : 'run `espalier srs fetch`, or `espalier srs dev` without a network; else the first `espalier prove` does it',
  };
}

function describe(srs: SrsStatus): string {
  const what = srs.valid ? `${srs.points} points` : `damaged (${srs.problem})`;
  return `${srs.name ?? 'unknown'}: ${what} in ${srs.folder}`;
}

function remedyUnless(ok: boolean, remedy: string): { remedy?: string } {
  return ok ? {} : { remedy };
}

function gibibytes(bytes: number): string {
  return `${(bytes / GIBIBYTE).toFixed(1)} GiB`;
}
