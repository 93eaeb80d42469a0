import { type Profile, RESOURCE_CLASSES, type ResourceClass, requirementOf } from '../../proto/index.js';

/** The class with the next more memory in a profile, that asks for no GPU unless this one does; undefined if there is none. */
export function largerClass(profile: Profile, resourceClass: ResourceClass): ResourceClass | undefined {
  const own = requirementOf(profile, resourceClass);
  const memoryOf = (name: ResourceClass) => profile.classes[name]?.memoryGiB ?? 0;
  return RESOURCE_CLASSES.filter((name) => memoryOf(name) > own.memoryGiB)
    .filter((name) => (profile.classes[name]?.gpus ?? 0) <= own.gpus)
    .sort((a, b) => memoryOf(a) - memoryOf(b))[0];
}
