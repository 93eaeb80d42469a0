import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { tempFolder } from '../../tests/support/temp-folder.js';
import { findBb } from '../srs/find-bb.js';
import { type DoctorCheck, type DoctorFacts, doctorChecks, judge, LAPTOP_NEEDS } from './doctor.js';
import { probeBb } from './probe-bb.js';

const GIB = 2 ** 30;
const development = {
  name: 'development' as const,
  folder: '/cache/srs/development',
  points: 2 ** 21 + 1,
  bytes: 2 ** 27 + 64,
  valid: true,
  problem: null,
  largestCircuit: 2 ** 21,
};
const facts: DoctorFacts = {
  machine: {
    cores: 8,
    memoryBytes: 32 * GIB,
    memoryAvailableBytes: 20 * GIB,
    gpus: [{ name: 'NVIDIA H200', memoryBytes: 140 * GIB }],
    nodeVersion: '22.3.0',
    platform: 'linux',
    architecture: 'x64',
    wasmThreads: true,
  },
  bb: { version: '5.0.0', path: '/opt/bb' },
  srs: [{ ...development, name: 'canonical', folder: '/home/.bb-crs' }],
  disk: { folder: '/cache', freeBytes: 50 * GIB },
};

function check(changes: Partial<DoctorFacts>, name: string): DoctorCheck | undefined {
  return judge({ ...facts, ...changes }, LAPTOP_NEEDS).find((one) => one.name === name);
}
const machine = (changes: Partial<DoctorFacts['machine']>) => ({ machine: { ...facts.machine, ...changes } });

describe('judge', () => {
  test('finds nothing to mend on a good machine', () => {
    const checks = judge(facts, LAPTOP_NEEDS);
    expect(checks.map(({ status }) => status)).toEqual(Array(8).fill('ok'));
    expect(checks.filter(({ remedy }) => remedy !== undefined)).toEqual([]);
  });

  test.each<[string, Partial<DoctorFacts>, DoctorCheck['status'], RegExp]>([
    ['Node', machine({ nodeVersion: '20.10.0' }), 'fail', /install Node 20.19/],
    ['cores', machine({ cores: 1 }), 'warn', /more cores/],
    ['memory', machine({ memoryBytes: GIB, memoryAvailableBytes: GIB }), 'fail', /memory limit/],
    ['memory', machine({ memoryAvailableBytes: GIB }), 'warn', /other programs/],
    ['bb', { bb: { problem: "version `GLIBC_2.39' not found", path: '/opt/bb' } }, 'fail', /ESPALIER_BB/],
    ['SRS', { srs: [] }, 'warn', /espalier srs fetch.*espalier srs dev/],
    ['SRS', { srs: [development] }, 'warn', /espalier srs fetch/],
    ['SRS', { srs: [{ ...development, name: 'canonical', points: 32_769 }] }, 'warn', /espalier srs fetch/],
    ['SRS', { srs: [{ ...development, valid: false, problem: 'torn' }] }, 'warn', /espalier srs fetch/],
    ['free disk', { disk: { folder: '/cache', freeBytes: 1 } }, 'fail', /ESPALIER_CACHE/],
  ])('says what to do about %s (%#)', (name, changes, status, remedy) => {
    const found = check(changes, name);
    expect(found?.status).toBe(status);
    expect(found?.remedy).toMatch(remedy);
  });
});

describe('probeBb', () => {
  const script = async (text: string): Promise<string> => {
    const path = join(await tempFolder(), 'bb');
    await writeFile(path, `#!/bin/sh\n${text}\n`);
    await chmod(path, 0o755);
    return path;
  };

  test('tells the version of the bb that is shipped', async () => {
    expect(await probeBb(findBb({}))).toEqual({ version: expect.stringMatching(/^5\.0\.0/) });
  });

  test("passes on the loader's message, and gives up on one that does not answer", async () => {
    const missing = await script('echo "version GLIBC_2.39 not found" >&2; exit 1');
    expect(await probeBb(missing)).toEqual({ problem: 'version GLIBC_2.39 not found' });
    expect(await probeBb(await script('exec sleep 60'), 200)).toEqual({ problem: 'it did not answer within 200 ms' });
    expect(await probeBb(await script('echo hello'))).toEqual({ problem: 'it said hello' });
    expect(await probeBb('/absent/bb')).toEqual({ problem: expect.stringContaining('ENOENT') });
  });
});

test('doctorChecks looks at this machine', async () => {
  const folder = await tempFolder();
  const checks = await doctorChecks({ HOME: folder, ESPALIER_CACHE: join(folder, 'cache') });
  expect(checks.map(({ name }) => name)).toEqual([
    'Node',
    'cores',
    'memory',
    'bb',
    'WASM threads',
    'SRS',
    'GPUs',
    'free disk',
  ]);
  expect(checks.find(({ name }) => name === 'SRS')).toMatchObject({ status: 'warn', found: 'none on this machine' });
});
