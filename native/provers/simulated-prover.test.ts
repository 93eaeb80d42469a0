import { expect, test } from 'vitest';
import { describeProver } from '../../tests/conformance/prover.js';
import { expectCode } from '../../tests/support/expect-code.js';
import { requestFor } from '../../tests/support/proving-kit.js';
import { SIMULATED_PROOF_MARKER, SimulatedProver, type SimulatedProverOptions } from './simulated-prover.js';

type Wait = NonNullable<SimulatedProverOptions['wait']>;

/** Ends in the next turn of the event loop, or when it is aborted before that. */
const oneTurn: Wait = (_, signal) =>
  new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true });
    setImmediate(resolve);
  });

/** Ends only when it is aborted. */
const forever: Wait = (_, signal) =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))));

describeProver('SimulatedProver', {
  create: async () => new SimulatedProver({ logGates: 9, wait: oneTurn }),
  untilProving: async () => {},
});

async function durations(options: SimulatedProverOptions, proofs: number): Promise<number[]> {
  const waits: number[] = [];
  const prover = new SimulatedProver({
    ...options,
    wait: async (durationMs) => {
      waits.push(durationMs);
    },
  });
  const request = await requestFor(prover);
  for (let n = 0; n < proofs; n++) await prover.prove(request, { threads: 1 });
  return waits;
}

test('takes as long as it is told, and reports it', async () => {
  expect(await durations({ durationsMs: { 'merge-rollup': 250 } }, 2)).toEqual([250, 250]);
  expect(await durations({ durationsMs: { 'public-vm': 250 }, defaultDurationMs: 70 }, 1)).toEqual([70]);
  const prover = new SimulatedProver({ defaultDurationMs: 3_600_000, wait: oneTurn });
  const { usage } = await prover.prove(await requestFor(prover), { threads: 1 });
  expect(usage).toEqual({ wallMs: 3_600_000, cpuMs: null, peakMemoryBytes: null });
});

test('jitter is seeded and bounded', async () => {
  const options = (seed: string) => ({ defaultDurationMs: 1_000, jitter: { seed, fraction: 0.2 } });
  const once = await durations(options('a'), 50);
  expect(await durations(options('a'), 50)).toEqual(once);
  expect(await durations(options('b'), 50)).not.toEqual(once);
  for (const durationMs of once) expect(Math.abs(durationMs - 1_000)).toBeLessThanOrEqual(200);
  expect(new Set(once).size).toBe(50);
});

test('says what it is in every proof and key', async () => {
  const prover = new SimulatedProver({ wait: oneTurn });
  const request = await requestFor(prover);
  const { proof } = await prover.prove(request, { threads: 1 });
  expect(Buffer.from(proof.proof).toString('latin1')).toMatch(new RegExp(`^${SIMULATED_PROOF_MARKER}`));
  expect(Buffer.from(request.key.bytes).toString('latin1')).toContain('ESPALIER-SIMULATED-KEY');
  expect(prover.identity).toEqual({ kind: 'simulated', version: '1', srs: 'none' });
});

test('an abort ends a wait of any length', async () => {
  const prover = new SimulatedProver({ wait: forever });
  const controller = new AbortController();
  const cancelled = prover.prove(await requestFor(prover), { threads: 1, signal: controller.signal });
  controller.abort();
  await expectCode(cancelled, 'cancelled', /proving/);
  const stopped = prover.prove(await requestFor(prover), { threads: 1 });
  await prover.stop();
  await expectCode(stopped, 'cancelled', /stopped/);
});
