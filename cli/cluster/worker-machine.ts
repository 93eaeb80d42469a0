import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { EspalierError } from '../../common/index.js';
import {
  BYTES_PER_GIB,
  type MachineResources,
  meets,
  type Profile,
  type ResourceClass,
  requirementOf,
  usedClasses,
} from '../../proto/index.js';

const NAME = /^[A-Za-z0-9._-]{1,64}$/;

/** The name of this machine: as it was given, else its host name. Throws `usage` for one that no id can hold. */
export function machineName(given: string | undefined): string {
  if (given === undefined)
    return (
      hostname()
        .replace(/[^A-Za-z0-9._-]/g, '-')
        .slice(0, 64) || 'machine'
    );
  if (NAME.test(given)) return given;
  throw new EspalierError(
    'usage',
    `a machine's name must be 1 to 64 letters, digits, dots, dashes or underscores, got "${given}"`,
  );
}

/** `<machine>.<8 digits>`: one start of a process on a machine. */
export function sessionId(machine: string): string {
  return `${machine}.${randomBytes(4).toString('hex')}`;
}

/** What a worker may use at most; undefined: all there is. */
export interface ResourceCaps {
  readonly cores?: number | undefined;
  readonly memoryGiB?: number | undefined;
}

/** What a worker offers: the machine, or the part of it that it was given. Never more than there is. */
export function offeredResources(machine: MachineResources, { cores, memoryGiB }: ResourceCaps): MachineResources {
  return {
    cores: Math.min(machine.cores, cores ?? Number.POSITIVE_INFINITY),
    memoryBytes: Math.min(machine.memoryBytes, (memoryGiB ?? Number.POSITIVE_INFINITY) * BYTES_PER_GIB),
    gpus: machine.gpus,
  };
}

/**
 * The classes to take jobs of where none were named: those of the profile's circuits that fit. All of them where none
 * does, for the worker to refuse by name.
 */
export function fittingClasses(profile: Profile, offered: MachineResources): readonly ResourceClass[] {
  const used = usedClasses(profile);
  const fitting = used.filter((name) => meets(offered, requirementOf(profile, name)));
  return fitting.length > 0 ? fitting : used;
}
