import { describe, expect, it } from 'vitest';
import { BUILT_IN_PROFILES, BYTES_PER_GIB, chooseProfile, requireMachine, usedClasses } from './built-in-profiles.js';
import { parseProfile, requirementOf, resourceClassOf } from './profile.js';

const CLASSES = { vm: { cores: 32, memoryGiB: 64 }, rollup: { cores: 8, memoryGiB: 16 } };
const parse = (value: unknown) => parseProfile(JSON.stringify(value), 'p.json');
const machine = (cores: number, memoryGiB: number, gpus = 0) => ({
  cores,
  memoryBytes: memoryGiB * BYTES_PER_GIB,
  gpus,
});

function failure(action: () => unknown): { code: string; message: string; remedy: string } {
  try {
    action();
  } catch (error) {
    return error as { code: string; message: string; remedy: string };
  }
  throw new Error('did not fail');
}

describe('parseProfile', () => {
  it('fills in what a file leaves out', () => {
    const profile = parse({ classes: CLASSES, circuits: { 'public-kernel-next': 'vm' }, timeoutMs: { vm: 60_000 } });
    expect(requirementOf(profile, 'vm')).toEqual({ cores: 32, memoryGiB: 64, gpus: 0 });
    expect(resourceClassOf(profile, 'public-kernel-next')).toBe('vm');
    expect(resourceClassOf(profile, 'public-kernel-first')).toBe('rollup');
    expect(profile.timeoutMs.vm).toBe(60_000);
    expect(profile.timeoutMs.rollup).toBeGreaterThan(60_000);
  });

  it.each([
    ['no classes', {}, 'profile p.json: classes must be an object, got nothing'],
    ['not an object', 3, 'profile p.json: the profile must be an object, got 3'],
    [
      'a bad number',
      { classes: { ...CLASSES, vm: { cores: 0, memoryGiB: 1 } } },
      'classes.vm.cores must be an integer from 1 to 1024, got 0',
    ],
    [
      'a fraction of a core',
      { classes: { ...CLASSES, vm: { cores: 1.5, memoryGiB: 1 } } },
      'classes.vm.cores must be an integer from 1 to 1024, got 1.5',
    ],
    [
      'a missing number',
      { classes: { ...CLASSES, vm: { cores: 1 } } },
      'classes.vm.memoryGiB must be a number from 0.125 to 65536, got nothing',
    ],
    [
      'text for a number',
      { classes: { ...CLASSES, vm: { cores: 1, memoryGiB: '1' } } },
      'classes.vm.memoryGiB must be a number from 0.125 to 65536, got "1"',
    ],
    [
      'an unknown option',
      { classes: { ...CLASSES, vm: { cores: 1, memoryGiB: 1, core: 1 } } },
      'there is no option classes.vm.core',
    ],
    ['an unknown class', { classes: { ...CLASSES, tpu: {} } }, 'there is no option classes.tpu'],
    ['an unknown circuit', { classes: CLASSES, circuits: { vm: 'vm' } }, 'there is no option circuits.vm'],
    [
      'a bad class',
      { classes: CLASSES, circuits: { 'public-vm': 'tpu' } },
      'circuits.public-vm must be one of vm, rollup, gpu, got "tpu"',
    ],
    [
      'a class without needs',
      { classes: CLASSES, circuits: { 'public-vm': 'gpu' } },
      'circuit public-vm is of class gpu, but classes.gpu is missing',
    ],
    [
      'a bad timeout',
      { classes: CLASSES, timeoutMs: { vm: 1 } },
      'timeoutMs.vm must be an integer from 1000 to 86400000, got 1',
    ],
  ])('refuses %s', (_name, value, message) => {
    const error = failure(() => parse(value));
    expect(error.code).toBe('profile-invalid');
    expect(error.message).toContain(message);
    expect(error.remedy).toBeTruthy();
  });

  it('refuses what is not JSON', () => {
    expect(failure(() => parseProfile('{', 'p.json'))).toMatchObject({ code: 'profile-invalid' });
  });
});

describe('the built-in profiles', () => {
  it.each(Object.values(BUILT_IN_PROFILES))('can be read back: $name', (profile) => {
    const { name, ...content } = profile;
    expect(parseProfile(JSON.stringify(content), name)).toEqual(profile);
  });

  it('choose production where the whole of it fits, and a laptop elsewhere', () => {
    expect(chooseProfile(machine(32, 61)).name).toBe('production');
    expect(chooseProfile(machine(31, 64)).name).toBe('laptop');
    expect(chooseProfile(machine(32, 59)).name).toBe('laptop');
  });

  it('ask a laptop for no more cores than it has', () => {
    expect(chooseProfile(machine(2, 8))).toEqual(BUILT_IN_PROFILES.laptop);
    const single = chooseProfile(machine(1, 4));
    for (const name of usedClasses(single)) expect(requirementOf(single, name).cores).toBe(1);
    requireMachine(single, machine(1, 4));
  });

  it('let a machine of 64 GB take four rollup proofs', () => {
    const { production } = BUILT_IN_PROFILES;
    expect(4 * requirementOf(production, 'rollup').memoryGiB).toBeLessThanOrEqual(
      requirementOf(production, 'vm').memoryGiB,
    );
    expect(4 * requirementOf(production, 'rollup').cores).toBeLessThanOrEqual(requirementOf(production, 'vm').cores);
  });
});

describe('requireMachine', () => {
  it('says what is needed and what was found', () => {
    const error = failure(() => requireMachine(BUILT_IN_PROFILES.production, machine(2, 22.94), ['vm']));
    expect(error.code).toBe('resources-insufficient');
    expect(error.message).toBe(
      'a proof of class vm needs 32 cores, 60 GiB (profile production), and this machine has 2 cores, 22.9 GiB',
    );
  });

  it('counts GPUs, and only the classes that are asked for', () => {
    const profile = parse({
      classes: { ...CLASSES, gpu: { cores: 4, memoryGiB: 8, gpus: 1 } },
      circuits: { 'public-vm': 'gpu' },
    });
    expect(usedClasses(profile)).toEqual(['rollup', 'gpu']);
    expect(failure(() => requireMachine(profile, machine(8, 16))).message).toContain('4 cores, 8 GiB and 1 GPU');
    requireMachine(profile, machine(8, 16), ['rollup']);
    requireMachine(profile, machine(8, 16, 1));
  });
});
