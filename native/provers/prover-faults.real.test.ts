import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { aliveInGroup, proverGroups, workingProver } from '../../tests/support/child-processes.js';
import { expectCode } from '../../tests/support/expect-code.js';
import { buildPart, Fixture } from '../../tests/support/fixture.js';
import { LARGE_ITERATIONS, requestFor, testSrs } from '../../tests/support/proving-kit.js';
import { executable, startedProver } from '../../tests/support/started-prover.js';
import { tempFolder } from '../../tests/support/temp-folder.js';
import type { ProveRequest, Prover } from '../prover.js';
import type { ProverChoice } from './create-prover.js';

type Adapter = [name: string, choice: () => Promise<ProverChoice>];

const srs = await testSrs();

beforeAll(() => buildPart('native'));

/** Runs `bb` as a child, which nothing but the kill of its group ends. */
const wrapper = () => executable(`#!/bin/sh\n"${srs.bbPath}" "$@" &\nwait $!\n`);

/** WASM takes the canonical SRS only; the suite of all provers says so where it is not there. */
const wasm: Adapter[] = srs.name === 'canonical' ? [['wasm', async () => ({ kind: 'wasm', srs })]] : [];

const LEADERS: readonly Adapter[] = [
  ['native', async () => ({ kind: 'native', srs })],
  ['external', async () => ({ kind: 'external', srs, executable: srs.bbPath })],
  ...wasm,
];
const ADAPTERS: readonly Adapter[] = [
  ...LEADERS,
  ['external with children', async () => ({ kind: 'external', srs, executable: await wrapper() })],
];

/** A proof whose process was halted in the middle, so that it cannot end before the test has done its worst. */
async function haltedProof(prover: Prover, request: ProveRequest, signal?: AbortSignal) {
  // WASM compiles for half a second of CPU time before it proves.
  const cpuMsMin = prover.identity.kind === 'wasm' ? 1_500 : 60;
  const proof = prover.prove(request, signal === undefined ? { threads: 1 } : { threads: 1, signal });
  proof.catch(() => {});
  const { pid, group } = await workingProver(cpuMsMin);
  process.kill(pid, 'SIGSTOP');
  return { proof, pid, group };
}

/** A killed grandchild has freed its memory when its pipes close, a moment before it leaves `/proc`. */
async function allGone(group: number): Promise<void> {
  await vi.waitFor(() => expect(aliveInGroup(group)).toEqual([]), { timeout: 5_000, interval: 1 });
}

function describeDeaths(): void {
  test.each(LEADERS)('is a crash, and the next proof is made: %s', async (_, choice) => {
    const prover = await startedProver(await choice());
    const request = await requestFor(prover, LARGE_ITERATIONS);
    for (const signal of ['SIGKILL', 'SIGSEGV'] as const) {
      const { proof, pid } = await haltedProof(prover, request);
      process.kill(pid, signal);
      process.kill(pid, 'SIGCONT');
      await expectCode(proof, 'prover-crashed', new RegExp(`was ended by ${signal} while proving merge-rollup`));
    }
    const { proof } = await prover.prove(request, { threads: 2 });
    expect(await prover.verify({ ...request, proof })).toBe(true);
  });

  test('has its last words in the error', async () => {
    const bbPath = await executable(`#!/bin/sh\necho "all my circuits" >&2\nexec "${srs.bbPath}" "$@"\n`);
    const prover = await startedProver({ kind: 'native', srs: { ...srs, bbPath } });
    const { proof, pid } = await haltedProof(prover, await requestFor(prover, LARGE_ITERATIONS));
    process.kill(pid, 'SIGKILL');
    await expectCode(proof, 'prover-crashed', /last words: all my circuits/);
  });

  test('while it is idle is replaced unnoticed', async () => {
    const prover = await startedProver({ kind: 'native', srs });
    const request = await requestFor(prover);
    const { proof } = await prover.prove(request, { threads: 1 });
    const idle = proverGroups();
    expect(idle.length).toBeGreaterThan(0);
    for (const pid of idle) process.kill(pid, 'SIGKILL');
    // Gone for good once Node has taken note of it: until then there is a zombie.
    await vi.waitFor(() => expect(idle.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([]), { interval: 5 });
    await prover.prove(request, { threads: 1 });
    expect(await prover.verify({ ...request, proof })).toBe(true);
  });

  test.each(['native', 'external'] as const)('of want of memory says so: %s', async (kind) => {
    const limited = await executable(
      `#!/bin/sh\ncase "$1" in prove|msgpack) ulimit -v 55000;; esac\nexec "${srs.bbPath}" "$@"\n`,
    );
    const request = await requestFor(await startedProver({ kind: 'native', srs }), LARGE_ITERATIONS);
    const prover = await startedProver(
      kind === 'native' ? { kind, srs: { ...srs, bbPath: limited } } : { kind, srs, executable: limited },
    );
    const error = await expectCode(prover.prove(request, { threads: 1 }), 'out-of-memory', /proving merge-rollup/);
    expect(error.remedy).toMatch(/memory/);
  });
}

function describeCancelling(): void {
  test.each(ADAPTERS)('is gone within a second, with all it started: %s', async (_, choice) => {
    const prover = await startedProver(await choice());
    const request = await requestFor(prover, LARGE_ITERATIONS);
    const controller = new AbortController();
    const { proof, group } = await haltedProof(prover, request, controller.signal);
    const abortedMs = performance.now();
    controller.abort();
    await expectCode(proof, 'cancelled', /proving merge-rollup/);
    await allGone(group);
    expect(performance.now() - abortedMs).toBeLessThan(1_000);
  });

  test.each(ADAPTERS)('by `stop` is gone with all it started: %s', async (_, choice) => {
    const prover = await startedProver(await choice());
    const { proof, group } = await haltedProof(prover, await requestFor(prover, LARGE_ITERATIONS));
    await prover.stop();
    await allGone(group);
    expect(proverGroups()).toEqual([]);
    await expectCode(proof, 'cancelled', /stopped/);
  });
}

function describeOrphans(): void {
  test.each(ADAPTERS)('does not outlive it: %s', async (_, choice) => {
    const file = join(await tempFolder(), 'request.json');
    const request = await requestFor(await startedProver({ kind: 'native', srs }), LARGE_ITERATIONS);
    await writeFile(file, JSON.stringify(base64Inside({ choice: await choice(), request })));
    const holder = new Fixture('prover-holder.mjs', [file]);
    expect(await holder.line()).toBe('proving');
    const { pid, group } = await workingProver(60, holder.pid);
    // Halted, so that it cannot end by itself.
    process.kill(pid, 'SIGSTOP');
    await holder.kill();
    await allGone(group);
  });
}

/** Bytes as base64 text: buffers would turn themselves into JSON before a replacer of `stringify` sees them. */
function base64Inside(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map(base64Inside);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, base64Inside(inner)]));
}

describe('a prover that dies', describeDeaths);
describe('a prover that is cancelled', describeCancelling);
describe('a prover whose parent dies', describeOrphans);
