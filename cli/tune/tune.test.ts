import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadCircuits } from '../../circuits/index.js';
import type { Prover } from '../../native/index.js';
import { BUILT_IN_PROFILES, BYTES_PER_GIB, parseProfile } from '../../proto/index.js';
import { runCommand } from '../../tests/support/run-command.js';
import { tempFolder } from '../../tests/support/temp-folder.js';
import { chosenProfile } from '../run/chosen-profile.js';
import { measurePacking } from './measure-packing.js';
import { chooseSplit, splitsOf } from './split.js';
import { readTunedProfile, tunedProfile, tunedProfilePath, writeProfile } from './tuned-profile.js';

const GIB = BYTES_PER_GIB;

test('cores are split in one, two, four and so on, down to one each', () => {
  expect(splitsOf(1)).toEqual([{ proofs: 1, threads: 1 }]);
  expect(splitsOf(6)).toEqual([
    { proofs: 1, threads: 6 },
    { proofs: 2, threads: 3 },
    { proofs: 4, threads: 1 },
  ]);
  expect(splitsOf(32).map(({ proofs }) => proofs)).toEqual([1, 2, 4, 8, 16, 32]);
});

test('a split with fewer cores a proof must prove more than a little more', () => {
  const one = { proofs: 1, threads: 2, wallMs: [10_000, 10_400, 90_000], peakMemoryBytes: null };
  const slightly = { proofs: 2, threads: 1, wallMs: [20_000, 20_000, 20_000], peakMemoryBytes: null };
  const clearly = { ...slightly, wallMs: [19_000, 18_000, 60_000] };
  expect(chooseSplit([one, slightly])).toBe(one);
  expect(chooseSplit([one, clearly])).toBe(clearly);
});

test('as many proofs as a split says run at once, and none that would not fit together', async () => {
  let running = 0;
  const seen: [threads: number, running: number][] = [];
  const prover: Pick<Prover, 'prove'> = {
    prove: async (_, { threads }) => {
      running += 1;
      await new Promise(setImmediate);
      seen.push([threads, running]);
      await new Promise(setImmediate);
      running -= 1;
      return {
        proof: { proof: new Uint8Array(), publicInputs: [] },
        usage: { wallMs: 1, cpuMs: 1, peakMemoryBytes: GIB },
      };
    },
  };
  const circuit = loadCircuits().circuit('client');
  const key = { circuit: 'client', hash: '0x0', fields: [], bytes: new Uint8Array() } as never;
  const leftOut: number[] = [];
  const measured = await measurePacking(
    prover,
    { circuit, key, publicInputs: [], witness: null },
    {
      splits: splitsOf(4),
      repetitions: 2,
      memoryBytes: 2 * GIB,
      signal: new AbortController().signal,
      onSplit: ({ proofs }, _, isLeftOut) => isLeftOut && leftOut.push(proofs),
    },
  );
  expect(leftOut).toEqual([4, 4]);
  expect(measured.map(({ proofs, wallMs, peakMemoryBytes }) => [proofs, wallMs.length, peakMemoryBytes])).toEqual([
    [1, 2, GIB],
    [2, 2, GIB],
  ]);
  expect(seen).toEqual([
    [4, 1],
    [2, 2],
    [2, 2],
    [4, 1],
    [2, 2],
    [2, 2],
  ]);
});

test('a tuned profile has the best split of each class, with a quarter more memory than was seen', () => {
  const split = (proofs: number, threads: number, wallMs: number, gib: number) => {
    return { proofs, threads, wallMs: [wallMs], peakMemoryBytes: gib * GIB };
  };
  const measured = new Map([
    ['public-vm', [split(1, 8, 3_000, 0.2), split(2, 4, 3_100, 0.25)]],
    ['public-kernel-first', [split(1, 8, 10_000, 1.9), split(2, 4, 20_000, 1.8)]],
  ] as const);
  const base = BUILT_IN_PROFILES.production;
  const profile = tunedProfile(base, measured);
  expect(profile.classes).toEqual({
    vm: { cores: 4, memoryGiB: 0.375, gpus: 0 },
    rollup: { cores: 8, memoryGiB: 2.375, gpus: 0 },
  });
  expect(profile).toMatchObject({ name: 'tuned', circuits: base.circuits, timeoutMs: base.timeoutMs });
  const circuits = { ...base.circuits, 'public-vm': 'rollup' as const };
  expect(tunedProfile({ ...base, circuits }, measured).classes.rollup).toEqual({ cores: 8, memoryGiB: 2.375, gpus: 0 });
});

test('a machine finds the profile it was tuned to, until it is too small for it or told to forget', async () => {
  const cwd = await tempFolder();
  const env = { ESPALIER_CACHE: join(cwd, 'cache') };
  const chosen = async () => (await chosenProfile(undefined, env)).profile.name;
  const small = { cores: 1, memoryGiB: 0.5, gpus: 0 };
  const profile = { ...BUILT_IN_PROFILES.laptop, classes: { vm: small, rollup: small } };
  await writeProfile(tunedProfilePath(env), profile);
  expect(parseProfile(await readFile(tunedProfilePath(env), 'utf8'), 'laptop')).toEqual(profile);
  expect(await chosen()).toBe('tuned');
  await writeProfile(tunedProfilePath(env), { ...profile, classes: { vm: { ...small, cores: 1_024 }, rollup: small } });
  expect(await readTunedProfile(env)).toBeUndefined();
  await writeProfile(tunedProfilePath(env), profile);
  expect(await runCommand(['tune', '--reset'], { cwd, env })).toMatchObject({ exitCode: 0 });
  expect(await chosen()).not.toBe('tuned');
});

test('what proves nothing tunes nothing', async () => {
  const { exitCode, stderr } = await runCommand(['tune', '--prover', 'simulated'], { cwd: await tempFolder() });
  expect({ exitCode, stderr }).toEqual({
    exitCode: 2,
    stderr: expect.stringContaining('--prover simulated says nothing of this machine'),
  });
});
