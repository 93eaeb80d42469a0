import type { EspalierError } from '../../common/index.js';
import {
  type ProveOptions,
  type ProveRequest,
  type ProveResult,
  SimulatedProver,
  type VerifyRequest,
} from '../../native/index.js';
import type { Proof } from '../../proto/index.js';

/** A call of `prove` that waits for the test to end it. */
export interface ProveCall extends ProveOptions {
  readonly request: ProveRequest;
  /** Ends it with a valid proof, changed as the test likes. */
  finish(change?: Partial<Proof>): void;
  fail(error: EspalierError): void;
}

/**
 * The simulated prover, its proofs taking exactly as long as the test wants, so that what happens meanwhile can be told
 * without waiting.
 */
export class GatedProver extends SimulatedProver {
  readonly calls: ProveCall[] = [];
  /** What a verification waits for. */
  verifyGate: Promise<void> = Promise.resolve();
  verifications = 0;
  #onCall: () => void = () => {};

  constructor() {
    super({ defaultDurationMs: 0, wait: async () => {} });
  }

  /** The n-th call of `prove`, from 0; waits until there is one. */
  async call(n: number): Promise<ProveCall> {
    for (;;) {
      const call = this.calls[n];
      if (call) return call;
      await new Promise<void>((resolve) => {
        this.#onCall = resolve;
      });
    }
  }

  override async prove(request: ProveRequest, options: ProveOptions): Promise<ProveResult> {
    const change = await new Promise<Partial<Proof>>((resolve, reject) => {
      options.signal?.addEventListener('abort', () => resolve({}), { once: true });
      this.calls.push({ ...options, request, finish: (wanted = {}) => resolve(wanted), fail: reject });
      this.#onCall();
    });
    const { proof, usage } = await super.prove(request, options);
    return { proof: { ...proof, ...change }, usage };
  }

  override async verify(request: VerifyRequest): Promise<boolean> {
    this.verifications++;
    await this.verifyGate;
    return super.verify(request);
  }
}
