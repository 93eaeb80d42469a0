import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { proverGroups, workingProver } from '../../tests/support/child-processes.js';
import { expectCode } from '../../tests/support/expect-code.js';
import { buildPart } from '../../tests/support/fixture.js';
import { LARGE_ITERATIONS, requestFor, testSrs, withTarget } from '../../tests/support/proving-kit.js';
import { executable, startedProver } from '../../tests/support/started-prover.js';
import { tempFolder } from '../../tests/support/temp-folder.js';
import { createProver } from './create-prover.js';

const srs = await testSrs();
/** WASM takes the canonical SRS only; the suite of all provers says so where it is not there. */
const wasm = srs.name === 'canonical' ? (['wasm'] as const) : [];

beforeAll(() => buildPart('native'));

function describeStarts(): void {
  const glibc = `#!/bin/sh\necho "$0: version 'GLIBC_2.39' not found" >&2\nexit 1\n`;

  test.each<[string, () => Promise<string>, RegExp]>([
    ['is not there', async () => '/nowhere/bb', /\/nowhere\/bb does not start: .*ENOENT/],
    ['is not executable', () => executable('#!/bin/sh\n', 0o644), /does not start: .*EACCES/],
    ['is no program', () => executable('\u007fELF\u0000\u0001'), /does not start: /],
    ['needs another C library', () => executable(glibc), /does not start: .*GLIBC_2.39/],
  ])('because it %s, is unavailable, by its path', async (_, path, message) => {
    const bbPath = await path();
    const error = await expectCode(
      createProver({ kind: 'native', srs: { ...srs, bbPath } }),
      'prover-unavailable',
      message,
    );
    expect(error.message).toContain(bbPath);
    expect(error.remedy).toContain('espalier doctor');
  });

  test.each<[string, string, RegExp]>([
    ['ends at once', 'exit 3', /does not start: exit code 3/],
    ['says why it ends', 'echo "no licence" >&2; exit 0', /does not start: exit code 0 no licence/],
    ['answers something else', 'exec cat', /does not start: /],
    ['answers nonsense', 'echo hello there; sleep 60', /no stream of frames/],
  ])('because it %s, is unavailable when it is needed', async (_, body, message) => {
    const bbPath = await executable(`#!/bin/sh\nif [ "$1" = --version ]; then echo 5.0.0; else ${body}; fi\n`);
    const prover = await startedProver({ kind: 'native', srs: { ...srs, bbPath } });
    expect(prover.identity).toEqual({ kind: 'native', version: '5.0.0', srs: srs.name });
    const { circuit } = await requestFor(await startedProver({ kind: 'native', srs }));
    await expectCode(prover.measure(circuit), 'prover-unavailable', message);
    await expectCode(prover.measure(circuit), 'prover-unavailable', message);
  });

  test.each<[string, () => Promise<string>]>([
    ['is not there', async () => '/nowhere/gpu-prover'],
    ['needs another C library', () => executable(glibc)],
  ])('as an external one because it %s, is unavailable', async (_, path) => {
    const request = await requestFor(await startedProver({ kind: 'native', srs }));
    const proof = path().then(async (external) => {
      const prover = await startedProver({ kind: 'external', srs, executable: external });
      return prover.prove(request, { threads: 1 });
    });
    await expectCode(proof, 'prover-unavailable', /does not start/);
  });

  test('an external one that fails, or leaves nothing, is heard', async () => {
    const request = await requestFor(await startedProver({ kind: 'native', srs }));
    const failing = await executable('#!/bin/sh\necho "no GPU found" >&2\nexit 9\n');
    const prover = await startedProver({ kind: 'external', srs, executable: failing });
    expect(prover.identity.version).toBe('unknown');
    await expectCode(prover.prove(request, { threads: 1 }), 'prover-rejected', /exited with code 9: no GPU found/);
    const lazy = await startedProver({ kind: 'external', srs, executable: await executable('#!/bin/sh\nexit 0\n') });
    await expectCode(lazy.prove(request, { threads: 1 }), 'prover-rejected', /left no result/);
  });
}

function describeSrs(): void {
  test.each(['native', 'external'] as const)(
    'that is too short is refused before bb would replace it: %s',
    async (kind) => {
      const short = { ...srs, folder: await tempFolder() };
      const points = (await readFile(join(srs.folder, 'bn254_g1.dat'))).subarray(0, 1_000 * 64);
      await writeFile(join(short.folder, 'bn254_g1.dat'), points);
      await copyFile(join(srs.folder, 'bn254_g2.dat'), join(short.folder, 'bn254_g2.dat'));
      const request = await requestFor(await startedProver({ kind: 'native', srs }), LARGE_ITERATIONS);
      const small = await requestFor(await startedProver({ kind: 'native', srs }));
      const prover = await startedProver({ kind, srs: short, executable: srs.bbPath });
      const message = /merge-rollup needs an SRS of 32769 points, .* one in .* has 1000/;
      await expectCode(prover.prove(request, { threads: 1 }), 'srs-invalid', message);
      await expectCode(prover.computeKey(request.circuit), 'srs-invalid', message);
      const { proof } = await prover.prove(small, { threads: 1 });
      expect(await prover.verify({ ...small, proof })).toBe(true);
      expect(await readFile(join(short.folder, 'bn254_g1.dat'))).toEqual(points);
    },
  );

  test('that is not there is missing, and nothing is fetched', async () => {
    const folder = join(await tempFolder(), 'srs');
    await mkdir(folder);
    const prover = await startedProver({ kind: 'native', srs: { ...srs, folder } });
    const request = await requestFor(await startedProver({ kind: 'native', srs }));
    await expectCode(prover.prove(request, { threads: 1 }), 'srs-missing', /no SRS at .*bn254_g1.dat/);
    await expectCode(prover.computeKey(request.circuit), 'srs-missing', /no SRS at/);
    expect((await readdir(folder)).filter((file) => file.endsWith('.dat'))).toEqual([]);
  });

  test('other than the canonical one is refused by the WASM prover, plainly', async () => {
    const error = await expectCode(
      createProver({ kind: 'wasm', srs: { ...srs, name: 'development' } }),
      'srs-unsupported',
      /WASM prover works with the canonical SRS only/,
    );
    expect(error.remedy).toMatch(/espalier srs fetch|native prover/);
  });

  test('gives the same keys natively and in WASM, and proofs that either verifies', async (context) => {
    if (srs.name !== 'canonical') context.skip('WASM takes the canonical SRS only');
    const native = await startedProver({ kind: 'native', srs });
    const inWasm = await startedProver({ kind: 'wasm', srs });
    const request = await requestFor(native);
    expect(await inWasm.computeKey(request.circuit)).toEqual(request.key);
    const { proof } = await inWasm.prove(request, { threads: 2 });
    expect(await native.verify({ ...request, proof })).toBe(true);
  });
}

function describeUsage(): void {
  test.each([...wasm, 'native', 'external'] as const)(
    'of a proof is the CPU time and memory of its process: %s',
    async (kind) => {
      const prover = await startedProver({ kind, srs, executable: srs.bbPath });
      const { usage } = await prover.prove(await requestFor(prover, LARGE_ITERATIONS), { threads: 1 });
      expect(usage.wallMs).toBeGreaterThan(100);
      expect(usage.cpuMs).toBeGreaterThan(100);
      // One thread, but for what a runtime does beside it.
      expect(usage.cpuMs).toBeLessThan(usage.wallMs * 1.5 + 50);
      expect(usage.peakMemoryBytes).toBeGreaterThan(30e6);
      expect(usage.peakMemoryBytes).toBeLessThan(1e9);
    },
  );

  test('of a proof does not count what the process did before', async () => {
    const prover = await startedProver({ kind: 'native', srs });
    const large = await prover.prove(await requestFor(prover, LARGE_ITERATIONS), { threads: 1 });
    const small = await prover.prove(await requestFor(prover), { threads: 1 });
    expect(Number(small.usage.cpuMs)).toBeLessThan(Number(large.usage.cpuMs) / 2);
    expect(Number(small.usage.peakMemoryBytes)).toBeLessThan(Number(large.usage.peakMemoryBytes));
  });
}

function describeProcesses(): void {
  test('of small proofs are kept warm, within a bound, until `stop`', async () => {
    const prover = await startedProver({ kind: 'native', srs });
    const request = await requestFor(prover);
    await Promise.all([1, 2, 3, 4, 5].map(() => prover.prove(request, { threads: 1 })));
    const { proof } = await prover.prove(request, { threads: 1 });
    const warm = proverGroups();
    expect(warm.length).toBeLessThanOrEqual(2);
    await prover.prove(request, { threads: 1 });
    expect(proverGroups()).toEqual(warm);
    await Promise.all([1, 2, 3, 4, 5].map(() => prover.verify({ ...request, proof })));
    expect(proverGroups().length).toBeLessThanOrEqual(4);
    await prover.stop();
    expect(proverGroups()).toEqual([]);
  });

  test('that prove do not keep a verification waiting', async () => {
    const prover = await startedProver({ kind: 'native', srs });
    const request = await requestFor(prover);
    const { proof } = await prover.prove(request, { threads: 1 });
    const large = await requestFor(prover, LARGE_ITERATIONS);
    const controller = new AbortController();
    const waiting = prover.prove(large, { threads: 1, signal: controller.signal });
    process.kill((await workingProver()).pid, 'SIGSTOP');
    expect(await prover.verify({ ...request, proof })).toBe(true);
    const evm = await requestFor(prover, 300, 'evm');
    expect(await prover.verify({ ...request, circuit: withTarget(evm.circuit, 'evm'), proof })).toBe(false);
    controller.abort();
    await expectCode(waiting, 'cancelled', /./);
  });
}

describe('a prover that does not start', describeStarts);
describe('an SRS', describeSrs);
describe('usage', describeUsage);
describe('processes', describeProcesses);
