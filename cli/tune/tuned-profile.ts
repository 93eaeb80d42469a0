import { readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cacheFolder, makeFolder, writeFileAtomically } from '../../common/index.js';
import { probeMachine } from '../../native/index.js';
import {
  BYTES_PER_GIB,
  type MachineResources,
  meets,
  type Profile,
  parseProfile,
  requirementOf,
  resourceClassOf,
  usedClasses,
} from '../../proto/index.js';
import { machineTag } from '../measures/index.js';
import type { SampleCircuit } from './sample-requests.js';
import { chooseSplit, type MeasuredSplit } from './split.js';

/** What a proof may hold beyond what was seen of one: circuits of a class differ by a few per cent. */
const MEMORY_MARGIN = 1.25;
const MEMORY_STEP_GIB = 0.125;

/** What was measured of each circuit, in the order of `sampleRequests`. */
export type Measured = ReadonlyMap<SampleCircuit, readonly MeasuredSplit[]>;

/**
 * The profile that makes the most of the machine: for each class the cores of its best split and the memory that its
 * proofs were seen to hold, a quarter added. All else is the base's. Where two circuits are of one class, the one that
 * was measured last decides on the cores and the larger one on the memory.
 */
export function tunedProfile(base: Profile, measured: Measured): Profile {
  const tuned = usedClasses(base).flatMap((name) => {
    const own = [...measured]
      .filter(([circuit]) => resourceClassOf(base, circuit) === name)
      .map(([, splits]) => splits);
    const last = own.at(-1);
    if (last === undefined) return [];
    const { gpus, memoryGiB } = requirementOf(base, name);
    const requirement = { cores: chooseSplit(last).threads, memoryGiB: memoryGiBOf(own.flat()) ?? memoryGiB, gpus };
    return [[name, requirement] as const];
  });
  return { ...base, name: 'tuned', classes: { ...base.classes, ...Object.fromEntries(tuned) } };
}

function memoryGiBOf(splits: readonly MeasuredSplit[]): number | null {
  const peaks = splits.flatMap(({ peakMemoryBytes }) => peakMemoryBytes ?? []);
  if (peaks.length === 0) return null;
  const neededGiB = (MEMORY_MARGIN * Math.max(...peaks)) / BYTES_PER_GIB;
  return MEMORY_STEP_GIB * Math.ceil(neededGiB / MEMORY_STEP_GIB);
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Where the tuned profile of this machine is kept. */
export function tunedProfilePath(env: Environment): string {
  return join(cacheFolder(env), 'measures', `profile-${machineTag()}.json`);
}

/** Writes a profile as `--profile` takes it, in place of one that is there. */
export async function writeProfile(path: string, { name: _, ...content }: Profile): Promise<void> {
  await makeFolder(dirname(path));
  await writeFileAtomically(path, Buffer.from(`${JSON.stringify(content, null, 2)}\n`));
}

/** Forgets that this machine was tuned. */
export async function removeTunedProfile(env: Environment): Promise<void> {
  await rm(tunedProfilePath(env), { force: true });
}

/** The profile that this machine was tuned to; undefined where it never was, or has become smaller since. */
export async function readTunedProfile(env: Environment): Promise<Profile | undefined> {
  let profile: Profile;
  try {
    profile = parseProfile(await readFile(tunedProfilePath(env), 'utf8'), 'tuned');
  } catch {
    return undefined;
  }
  const { cores, memoryBytes, gpus } = await probeMachine();
  const machine: MachineResources = { cores, memoryBytes, gpus: gpus.length };
  return usedClasses(profile).every((name) => meets(machine, requirementOf(profile, name))) ? profile : undefined;
}
