import { readFile } from 'node:fs/promises';
import { EspalierError } from '../../common/index.js';
import { probeMachine } from '../../native/index.js';
import { chooseProfile, type MachineResources, type Profile, parseProfile } from '../../proto/index.js';

/** The profile of a file, else the one for this machine; and what the machine has. Rejects with `profile-invalid`. */
export async function chosenProfile(
  path: string | undefined,
): Promise<{ readonly profile: Profile; readonly machine: MachineResources }> {
  const named = path === undefined ? undefined : await readProfile(path);
  const { cores, memoryBytes, gpus } = await probeMachine();
  const machine = { cores, memoryBytes, gpus: gpus.length };
  return { profile: named ?? chooseProfile(machine), machine };
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
