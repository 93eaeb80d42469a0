import { expect, it } from 'vitest';
import { BUILT_IN_PROFILES, machineOf } from '../../proto/index.js';
import { fittingClasses, machineName, offeredResources, sessionId } from './worker-machine.js';

const GIB = 2 ** 30;
const machine = { cores: 8, memoryBytes: 16 * GIB, gpus: 1 };

it('offers the part of the machine that it was given, and never more than there is', () => {
  expect(offeredResources(machine, {})).toEqual(machine);
  expect(offeredResources(machine, { cores: 2, memoryGiB: 4 })).toEqual({ cores: 2, memoryBytes: 4 * GIB, gpus: 1 });
  expect(offeredResources(machine, { cores: 64, memoryGiB: 512 })).toEqual(machine);
});

it('takes the classes that fit; where none does, all of them, to be refused by name', () => {
  const { production } = BUILT_IN_PROFILES;
  expect(fittingClasses(production, machine)).toEqual(['rollup']);
  expect(fittingClasses(production, { ...machine, cores: 1 })).toEqual(['rollup', 'vm']);
});

it('names a session after its machine', () => {
  expect(machineName('node-a.rack1')).toBe('node-a.rack1');
  expect(machineName(undefined)).toMatch(/^[A-Za-z0-9._-]{1,64}$/);
  expect(() => machineName('node a')).toThrow(/got "node a"/);
  const id = sessionId('node-a.rack1');
  expect(id).toMatch(/^node-a\.rack1\.[0-9a-f]{8}$/);
  expect(machineOf(id)).toBe('node-a.rack1');
});
