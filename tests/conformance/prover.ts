import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { ProveRequest, Prover } from '../../native/index.js';
import { fieldsToBytes, type VerifierTarget } from '../../proto/index.js';
import { expectCode } from '../support/expect-code.js';
import { iteratedSquares, LARGE_ITERATIONS, requestFor, SMALL_ITERATIONS, withTarget } from '../support/proving-kit.js';
import { describeRefusals } from './prover-refusals.js';

export interface ProverUnderTest {
  create(): Promise<Prover>;
  /** Waits until a proof that was just asked for is being made. */
  untilProving(): Promise<unknown>;
}

const TARGETS: readonly VerifierTarget[] = ['noir-recursive', 'noir-recursive-no-zk', 'evm', 'evm-no-zk'];
const THREADS = 2;

/** The whole contract of `Prover`, for any adapter. */
export function describeProver(name: string, underTest: ProverUnderTest): void {
  describe(name, () => {
    let prover: Prover;
    let request: ProveRequest;
    beforeAll(async () => {
      prover = await underTest.create();
      request = await requestFor(prover);
    });
    afterAll(() => prover.stop());

    test.each(TARGETS)('proves for %s, and the proof verifies', async (target) => {
      const forTarget = await requestFor(prover, SMALL_ITERATIONS, target);
      const { proof, usage } = await prover.prove(forTarget, { threads: THREADS });
      expect(proof.publicInputs).toEqual(forTarget.publicInputs);
      expect(proof.proof.length / 32).toBe(PROOF_FIELDS[target]);
      expect(usage.wallMs).toBeGreaterThan(0);
      expect(await prover.verify({ ...forTarget, proof })).toBe(true);
      const other = withTarget(forTarget.circuit, target === 'evm' ? 'noir-recursive' : 'evm');
      expect(await prover.verify({ ...forTarget, circuit: other, proof })).toBe(false);
    });

    test('gives a key with the fields that circuits take, the same every time', async () => {
      const { circuit, key } = request;
      expect(await prover.computeKey(circuit)).toEqual(key);
      expect(key.fields).toHaveLength(115);
      expect(key.bytes).toEqual(Uint8Array.from(fieldsToBytes(key.fields)));
      expect(key.hash).toMatch(/^0x[0-9a-f]{64}$/);
      const evm = await prover.computeKey(withTarget(circuit, 'evm'));
      expect(evm.fields).toEqual([]);
      expect(evm.hash).not.toBe(key.hash);
    });

    test('measures a circuit', async () => {
      const { gates, dyadicGates } = await prover.measure(request.circuit);
      expect(gates).toBeGreaterThan(SMALL_ITERATIONS);
      expect(dyadicGates).toBe(2 ** Math.ceil(Math.log2(gates)));
    });

    test('makes two proofs at once', async () => {
      const results = await Promise.all([1, 2].map(() => prover.prove(request, { threads: 1 })));
      for (const { proof } of results) expect(await prover.verify({ ...request, proof })).toBe(true);
    });

    describe('refuses', () => describeRefusals(() => prover));
    describe('cancelling', () => describeCancelling(() => prover, underTest));
    describe('stopping', () => describeStopping(underTest));
  });
}

/** Lengths by bb 5.0.0 for the small circuit (EVM proofs grow with the circuit) or the simulated size of 2^9. */
const PROOF_FIELDS: Record<VerifierTarget, number> = {
  'noir-recursive': 458,
  'noir-recursive-no-zk': 410,
  evm: 190,
  'evm-no-zk': 166,
};

function describeCancelling(prover: () => Prover, underTest: ProverUnderTest): void {
  test('before a proof starts rejects at once', async () => {
    const request = await requestFor(prover());
    const signal = AbortSignal.abort();
    await expectCode(prover().prove(request, { threads: THREADS, signal }), 'cancelled', /proving merge-rollup/);
  });

  test('while a proof starts rejects, and the next proof is made', async () => {
    const request = await requestFor(prover());
    const controller = new AbortController();
    const cancelled = prover().prove(request, { threads: THREADS, signal: controller.signal });
    controller.abort();
    await expectCode(cancelled, 'cancelled', /./);
    const { proof } = await prover().prove(request, { threads: THREADS });
    expect(await prover().verify({ ...request, proof })).toBe(true);
  });

  test('in the middle of a proof rejects within a second, and leaves other proofs alone', async () => {
    const request = await requestFor(prover(), LARGE_ITERATIONS);
    const small = await requestFor(prover());
    const controller = new AbortController();
    const cancelled = expectCode(
      prover().prove(request, { threads: 1, signal: controller.signal }),
      'cancelled',
      /proving merge-rollup/,
    );
    await underTest.untilProving();
    const other = prover().prove(small, { threads: 1 });
    const abortedMs = performance.now();
    controller.abort();
    await cancelled;
    expect(performance.now() - abortedMs).toBeLessThan(1_000);
    expect(await prover().verify({ ...small, proof: (await other).proof })).toBe(true);
  });

  test('after a proof is made changes nothing', async () => {
    const request = await requestFor(prover());
    const controller = new AbortController();
    const { proof } = await prover().prove(request, { threads: THREADS, signal: controller.signal });
    controller.abort();
    expect(await prover().verify({ ...request, proof })).toBe(true);
    await prover().prove(request, { threads: THREADS });
  });
}

function describeStopping({ create, untilProving }: ProverUnderTest): void {
  test('ends proofs in the middle, can be done again, and nothing works after it', async () => {
    const prover = await create();
    onTestFinished(() => prover.stop());
    const request = await requestFor(prover, LARGE_ITERATIONS);
    const { circuit } = await iteratedSquares(SMALL_ITERATIONS);
    const ended = expectCode(prover.prove(request, { threads: 1 }), 'cancelled', /stopped/);
    await untilProving();
    await Promise.all([prover.stop(), prover.stop()]);
    await ended;
    await prover.stop();
    const proof = { proof: new Uint8Array(32), publicInputs: [] };
    await expectCode(prover.prove(request, { threads: 1 }), 'cancelled', /stopped/);
    await expectCode(prover.verify({ ...request, proof }), 'cancelled', /stopped/);
    await expectCode(prover.computeKey(circuit), 'cancelled', /stopped/);
    await expectCode(prover.measure(withTarget(circuit, 'evm')), 'cancelled', /stopped/);
  });
}
