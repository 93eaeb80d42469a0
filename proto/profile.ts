import { z } from 'zod';
import { EspalierError } from '../common/index.js';
import { CIRCUIT_NAMES, type CircuitName, RESOURCE_CLASSES, type ResourceClass } from './circuit.js';

/** What one proof of a class needs of a machine. */
export interface ClassRequirement {
  readonly cores: number;
  readonly memoryGiB: number;
  readonly gpus: number;
}

/** What each circuit asks of a machine and how long it may take: configuration, never code. */
export interface Profile {
  /** For messages: a built-in name or the file it was read from. */
  readonly name: string;
  /** Holds at least every class that `circuits` names. */
  readonly classes: Readonly<Partial<Record<ResourceClass, ClassRequirement>>>;
  readonly circuits: Readonly<Record<CircuitName, ResourceClass>>;
  /** How long making a witness may take, and how long proving may take: beyond it the attempt ends and is retried. */
  readonly timeoutMs: Readonly<Record<ResourceClass, number>>;
}

/** Class of each circuit where a profile does not say otherwise. */
export const DEFAULT_CIRCUIT_CLASSES: Profile['circuits'] = {
  client: 'rollup',
  'public-vm': 'vm',
  'public-kernel-first': 'rollup',
  'public-kernel-next': 'rollup',
  'base-rollup-private': 'rollup',
  'base-rollup-public': 'rollup',
  'merge-rollup': 'rollup',
  'root-rollup': 'rollup',
  'root-rollup-single': 'rollup',
};

/** Generous: a timeout is for a prover that hangs, not for a slow machine. */
export const DEFAULT_TIMEOUT_MS = 900_000;

const classSchema = z.strictObject({
  cores: integerIn(1, 1_024),
  memoryGiB: numberIn(0.125, 65_536),
  gpus: integerIn(0, 64).default(0),
});

const profileSchema = z.strictObject({
  classes: perKey(RESOURCE_CLASSES, classSchema),
  circuits: perKey(CIRCUIT_NAMES, z.enum(RESOURCE_CLASSES, { error: `must be one of ${RESOURCE_CLASSES.join(', ')}` })),
  timeoutMs: perKey(RESOURCE_CLASSES, integerIn(1_000, 86_400_000)),
});

/**
 * Reads a profile: `{ "classes": { "vm": { "cores": 32, "memoryGiB": 64, "gpus"?: 0 }, … },
 * "circuits"?: { "public-vm": "vm", … }, "timeoutMs"?: { "vm": 900000, … } }`.
 * Circuits and timeouts that are left out keep their defaults. `name` is the file, for messages.
 * Throws `profile-invalid` with the option, what is allowed and what was given.
 */
export function parseProfile(text: string, name: string): Profile {
  const raw = parseJson(text, name);
  const parsed = profileSchema.partial({ circuits: true, timeoutMs: true }).safeParse(raw);
  if (!parsed.success) throw invalid(name, firstIssue(parsed.error, raw));
  const profile: Profile = {
    name,
    classes: parsed.data.classes,
    circuits: { ...DEFAULT_CIRCUIT_CLASSES, ...parsed.data.circuits },
    timeoutMs: { ...timeouts(DEFAULT_TIMEOUT_MS), ...parsed.data.timeoutMs },
  };
  for (const circuit of CIRCUIT_NAMES) {
    const used = profile.circuits[circuit];
    if (!profile.classes[used])
      throw invalid(name, `circuit ${circuit} is of class ${used}, but classes.${used} is missing`);
  }
  return profile;
}

/** The same timeout for every class. */
export function timeouts(timeoutMs: number): Profile['timeoutMs'] {
  return { vm: timeoutMs, rollup: timeoutMs, gpu: timeoutMs };
}

export function resourceClassOf(profile: Profile, circuit: CircuitName): ResourceClass {
  return profile.circuits[circuit];
}

/** What a proof of this class needs; throws `profile-invalid` for a class that the profile does not have. */
export function requirementOf(profile: Profile, resourceClass: ResourceClass): ClassRequirement {
  const requirement = profile.classes[resourceClass];
  if (!requirement)
    throw invalid(profile.name, `there is a job of class ${resourceClass}, but classes.${resourceClass} is missing`);
  return requirement;
}

function integerIn(min: number, max: number) {
  const error = `must be an integer from ${min} to ${max}`;
  return z.number({ error }).int({ error }).min(min, { error }).max(max, { error });
}

function numberIn(min: number, max: number) {
  const error = `must be a number from ${min} to ${max}`;
  return z.number({ error }).min(min, { error }).max(max, { error });
}

/** An object with some of these keys and no other. */
function perKey<K extends string, V extends z.ZodType>(keys: readonly K[], value: V) {
  const shape = Object.fromEntries(keys.map((key) => [key, value.exactOptional()]));
  return z.strictObject(shape as Record<K, z.ZodExactOptional<V>>);
}

function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw invalid(name, `not JSON: ${(cause as Error).message}`, cause);
  }
}

/** The first thing wrong, as `option must be …, got …`. */
function firstIssue(error: z.ZodError, raw: unknown): string {
  const issue = error.issues[0];
  if (!issue) return error.message;
  const at = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') return `there is no option ${[...at, issue.keys[0]].join('.')}`;
  const given = at.reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], raw);
  const allowed = issue.code === 'invalid_type' && issue.expected === 'object' ? 'must be an object' : issue.message;
  return `${at.join('.') || 'the profile'} ${allowed}, got ${JSON.stringify(given) ?? 'nothing'}`;
}

function invalid(name: string, what: string, cause?: unknown): EspalierError {
  return new EspalierError('profile-invalid', `profile ${name}: ${what}`, {
    remedy: 'correct the profile, or leave --profile out to let the machine choose',
    cause,
  });
}
