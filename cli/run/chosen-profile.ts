import { readFile } from 'node:fs/promises';
import { EspalierError } from '../../common/index.js';
import { probeMachine } from '../../native/index.js';
import { chooseProfile, type MachineResources, type Profile, parseProfile } from '../../proto/index.js';
import { readTunedProfile } from '../tune/index.js';

interface ChosenProfile {
  readonly profile: Profile;
  /** What the machine has. */
  readonly machine: MachineResources;
}

/** The profile of a file, else the one that this machine was tuned to, else the built-in one for its size. */
export async function chosenProfile(
  path: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Promise<ChosenProfile> {
  const { profile, machine } = await builtInOrNamed(path);
  return { profile: path === undefined ? ((await readTunedProfile(env)) ?? profile) : profile, machine };
}

/** The profile of a file, else the built-in one for the size of this machine. Rejects with `profile-invalid`. */
export async function builtInOrNamed(path: string | undefined): Promise<ChosenProfile> {
  const named = path === undefined ? undefined : await readProfile(path);
  const { cores, memoryBytes, gpus } = await probeMachine();
  const machine = { cores, memoryBytes, gpus: gpus.length };
  return { profile: named ?? chooseProfile(machine), machine };
}

/** The profile of a file, else the one that this machine was tuned to; undefined: choose by its size. */
export async function namedOrTuned(
  path: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Profile | undefined> {
  return path === undefined ? readTunedProfile(env) : readProfile(path);
}

/** Rejects with `profile-invalid`. */
export async function readProfile(path: string): Promise<Profile> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new EspalierError('profile-invalid', `profile ${path} cannot be read: ${(cause as Error).message}`, {
      cause,
      remedy: 'name a profile file, or leave --profile out to let the machine choose',
    });
  }
  return parseProfile(text, path);
}
