import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadCircuits, SRS_POINTS_NEEDED } from '../circuits/index.js';
import { CANONICAL, FIRST_G1 } from '../native/srs/known-srs.js';
import { CIRCUIT_NAMES, LIMITS } from '../proto/index.js';
import { runCommand } from '../tests/support/run-command.js';
import { tempFolder } from '../tests/support/temp-folder.js';
import { ProvingTimes } from './measures/index.js';
import type { CircuitFacts } from './run/list-circuits.js';

/** `circuits`, `srs status` and `doctor`, with the real `bb` and none of the user's SRS in reach. */

describe('circuits', () => {
  let cwd: string;
  let facts: readonly CircuitFacts[];

  /** Counts all gates, some seconds, once for all tests. */
  beforeAll(async () => {
    cwd = await mkdtemp(join(tmpdir(), 'espalier-test-'));
    const first = await runCommand(['circuits', '--json'], { cwd });
    expect(first).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('counting the gates of root-rollup') });
    ({ circuits: facts } = JSON.parse(first.stdout));
  }, 180_000);

  afterAll(() => rm(cwd, { recursive: true, force: true }));

  test('says what each takes, and makes no SRS for it', () => {
    expect(facts.map(({ circuit }) => circuit)).toEqual(CIRCUIT_NAMES);
    for (const { circuit, gates, dyadicGates, srsPoints, keyHash, isKeyPublished, proofBytes, times } of facts) {
      expect([circuit, Math.log2(dyadicGates) % 1, isKeyPublished, times]).toEqual([circuit, 0, true, []]);
      expect(gates).toBeLessThan(dyadicGates);
      expect(srsPoints).toBeGreaterThan(dyadicGates);
      expect(keyHash).toMatch(/^0x[0-9a-f]{64}$/);
      expect(proofBytes).toBeLessThanOrEqual(LIMITS.proofBytesMax);
    }
    expect(Math.max(...facts.map(({ srsPoints }) => srsPoints))).toBe(SRS_POINTS_NEEDED);
    expect(new Set(facts.map(({ keyHash }) => keyHash)).size).toBe(CIRCUIT_NAMES.length);
    expect(existsSync(join(cwd, 'cache', 'srs'))).toBe(false);
  });

  test('counts gates once, and shows what proofs took on this machine', async () => {
    const times = new ProvingTimes(join(cwd, 'cache'));
    const circuit = loadCircuits().circuit('public-vm');
    const prover = { kind: 'native', version: '5.0.0', srs: 'development' } as const;
    for (const wallMs of [12_000, 12_600]) times.record({ circuit, prover, threads: 2, wallMs });
    await times.flush();
    const { exitCode, stdout, stderr } = await runCommand(['circuits'], { cwd });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(/^public-vm +121,\d{3} +2\^17 .* 12\.3 s \(native, 2 threads, 2 proofs\)$/m);
    expect(stdout).toMatch(/^merge-rollup .* not yet: prove a block$/m);
    expect(stdout).toMatch(/\nkeys: development SRS, bb \S+, the published set; --json has the whole hashes\n$/);
  });

  test('takes the classes of a profile, and says that keys of another SRS are not there yet', async () => {
    await writeFile(
      join(cwd, 'profile.json'),
      JSON.stringify({ classes: { vm: { cores: 3, memoryGiB: 7 }, rollup: { cores: 1, memoryGiB: 1 } } }),
    );
    const args = ['circuits', '--srs', 'canonical', '--profile', 'profile.json'];
    const { stdout } = await runCommand(args, { cwd });
    expect(stdout).toMatch(/^public-vm .* vm +3 cores, 7 GiB .* - +12\.3 s/m);
    expect(stdout).toMatch(/^keys: canonical SRS, .* not all computed yet: /m);
  });
});

describe('srs status', () => {
  test('without any says where it looked, and what prove would do', async () => {
    const cwd = await tempFolder();
    const { exitCode, stdout } = await runCommand(['srs', 'status'], { cwd });
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^no SRS on this machine; the canonical one was looked for in \S+\/\.bb-crs, \S+\n/);
    expect(stdout).toMatch(/would use the development SRS: the canonical one is not here; prove tries to download it/);
  });

  test('lists what there is, and why prove would not use it', async () => {
    const cwd = await tempFolder();
    await putSrs(join(cwd, 'small'), [FIRST_G1, CANONICAL.secondG1]);
    await putSrs(join(cwd, '.bb-crs'), [FIRST_G1, FIRST_G1]);
    const env = { CRS_PATH: join(cwd, 'small') };
    const { stdout } = await runCommand(['srs', 'status'], { cwd, env });
    expect(stdout).toMatch(/^canonical +good +2 +128 B +2\^0 gates +\S+\/small$/m);
    expect(stdout).toMatch(/^unknown +DAMAGED .*\S+\/\.bb-crs$/m);
    expect(stdout).toMatch(/^\S+\/\.bb-crs: .*the second point of bn254_g1\.dat does not belong to bn254_g2\.dat$/m);
    expect(stdout).toMatch(/would use the development SRS: the canonical one in \S+\/small has too few points; prove/);
    const json = JSON.parse((await runCommand(['srs', 'status', '--json'], { cwd, env })).stdout);
    expect(json).toMatchObject({
      pointsNeeded: SRS_POINTS_NEEDED,
      found: [{ name: 'canonical', points: 2, valid: true }, { valid: false }],
      prove: { srs: 'development', folder: null },
    });
  });

  async function putSrs(folder: string, points: readonly Uint8Array[]): Promise<void> {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'bn254_g1.dat'), Buffer.concat(points));
    await writeFile(join(folder, 'bn254_g2.dat'), CANONICAL.g2);
  }
});

test('doctor says that proving works here, and what could be better', async () => {
  const cwd = await tempFolder();
  const { exitCode, stdout, stderr } = await runCommand(['doctor'], { cwd });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  for (const what of ['Node', 'cores', 'memory', 'bb', 'WASM threads', 'SRS', 'GPUs', 'free disk', 'circuits']) {
    expect(stdout).toMatch(new RegExp(`^(ok|WARN) +${what} `, 'm'));
  }
  expect(stdout).toMatch(/\nWARN SRS: run `espalier srs fetch`, .*\n(.*\n)*proving works on this machine\n$/);
  const { ok, checks } = JSON.parse((await runCommand(['doctor', '--json'], { cwd })).stdout);
  expect(ok).toBe(true);
  expect(checks).toContainEqual(
    expect.objectContaining({ name: 'SRS', status: 'warn', found: 'none on this machine' }),
  );
});
