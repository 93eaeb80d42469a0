import { EspalierError } from '../common/index.js';
import type { ResourceClass } from './circuit.js';
import {
  type ClassRequirement,
  DEFAULT_CIRCUIT_CLASSES,
  DEFAULT_TIMEOUT_MS,
  type Profile,
  requirementOf,
  timeouts,
} from './profile.js';

/** What a machine has to offer, under its cgroups. */
export interface MachineResources {
  readonly cores: number;
  readonly memoryBytes: number;
  readonly gpus: number;
}

export const BYTES_PER_GIB = 2 ** 30;

export const BUILT_IN_PROFILES = {
  /**
   * The RFP's machines: 64 GB and 32 cores for the VM circuit, 16 GB and 8 cores for the others. Its gigabytes are those
   * of 10^9 bytes: a machine sold as 64 GiB shows its programs about 61 GiB, and must take one VM or four other proofs.
   */
  production: {
    name: 'production',
    classes: { vm: { cores: 32, memoryGiB: 60, gpus: 0 }, rollup: { cores: 8, memoryGiB: 15, gpus: 0 } },
    circuits: DEFAULT_CIRCUIT_CLASSES,
    // Ten times the 30 s a proof should take on these machines.
    timeoutMs: timeouts(300_000),
  },
  /**
   * What the circuits were measured to need: 1.86 GiB for two recursive verifications, 0.2 GiB for the VM. Two cores a
   * proof: one that is left alone with one thread takes nearly twice as long, as an odd one of the VM did. What packing
   * may gain, and what of that is measured, is in `benchmarks/README.md`.
   */
  laptop: {
    name: 'laptop',
    classes: { vm: { cores: 2, memoryGiB: 1, gpus: 0 }, rollup: { cores: 2, memoryGiB: 2, gpus: 0 } },
    circuits: DEFAULT_CIRCUIT_CLASSES,
    timeoutMs: timeouts(DEFAULT_TIMEOUT_MS),
  },
} as const satisfies Record<string, Profile>;

/**
 * The profile for a machine that was given none: `production` where all of it fits, else `laptop`, which asks for no
 * more cores than there are.
 */
export function chooseProfile(machine: MachineResources): Profile {
  const { production, laptop } = BUILT_IN_PROFILES;
  if (usedClasses(production).every((name) => meets(machine, requirementOf(production, name)))) return production;
  const { vm, rollup } = laptop.classes;
  const atMost = (needed: ClassRequirement) => ({ ...needed, cores: Math.min(needed.cores, machine.cores) });
  return { ...laptop, classes: { vm: atMost(vm), rollup: atMost(rollup) } };
}

/**
 * Throws `resources-insufficient`, naming what is needed and what was found, unless one proof of each of these classes
 * (all that the profile's circuits use, where none are given) fits the machine.
 */
export function requireMachine(profile: Profile, machine: MachineResources, classes = usedClasses(profile)): void {
  for (const name of classes) {
    const needed = requirementOf(profile, name);
    if (meets(machine, needed)) continue;
    const found = describe({ ...machine, memoryGiB: machine.memoryBytes / BYTES_PER_GIB });
    throw new EspalierError(
      'resources-insufficient',
      `a proof of class ${name} needs ${describe(needed)} (profile ${profile.name}), and this machine has ${found}`,
      { remedy: 'use a larger machine, or name a profile with smaller needs: --profile FILE' },
    );
  }
}

/** Whether a machine with nothing else to do can make one proof of this requirement. */
export function meets(machine: MachineResources, needed: ClassRequirement): boolean {
  return (
    machine.cores >= needed.cores &&
    machine.memoryBytes >= needed.memoryGiB * BYTES_PER_GIB &&
    machine.gpus >= needed.gpus
  );
}

/** The classes that the profile's circuits ask for. */
export function usedClasses(profile: Profile): readonly ResourceClass[] {
  return [...new Set(Object.values(profile.circuits))];
}

function describe({ cores, memoryGiB, gpus }: ClassRequirement): string {
  const gpuText = gpus > 0 ? ` and ${gpus} GPU${gpus > 1 ? 's' : ''}` : '';
  return `${cores} core${cores > 1 ? 's' : ''}, ${Number(memoryGiB.toFixed(1))} GiB${gpuText}`;
}
