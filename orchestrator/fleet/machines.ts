import {
  BYTES_PER_GIB,
  countThatFit,
  type MachineResources,
  meets,
  type Profile,
  RESOURCE_CLASSES,
  type ResourceClass,
  requirementOf,
  usedClasses,
} from '../../proto/index.js';

/** A size of machine that a fleet has any number of. */
export interface MachineKind {
  /** As people call it: `vm`, `rollup`. */
  readonly name: string;
  readonly resources: MachineResources;
}

/** Machines that provers rent, with room for one proof of the production profile each. */
export const USUAL_MACHINES = {
  vm: { name: 'vm', resources: { cores: 32, memoryBytes: 64 * BYTES_PER_GIB, gpus: 0 } },
  rollup: { name: 'rollup', resources: { cores: 8, memoryBytes: 16 * BYTES_PER_GIB, gpus: 0 } },
} as const satisfies Readonly<Record<string, MachineKind>>;

/** So many machines of one kind. */
export interface MachineCount {
  readonly kind: MachineKind;
  readonly count: number;
}

/** The classes of jobs that a worker on such a machine takes: those of the profile's circuits that fit it. */
export function classesOn(profile: Profile, { resources }: MachineKind): readonly ResourceClass[] {
  const used = usedClasses(profile).filter((name) => meets(resources, requirementOf(profile, name)));
  return RESOURCE_CLASSES.filter((name) => used.includes(name));
}

/** How many proofs of a class a fleet can make at once, were there jobs of no other. */
export function slotsFor(profile: Profile, machines: readonly MachineCount[], resourceClass: ResourceClass): number {
  const onEach = ({ resources }: MachineKind) => countThatFit(profile, resourceClass, resources);
  return machines.reduce((slots, { kind, count }) => slots + count * onEach(kind), 0);
}
