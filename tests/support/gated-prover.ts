import { createHash } from 'node:crypto';
import { EspalierError } from '../../common/index.js';
import type {
  CircuitSize,
  ProveOptions,
  ProveRequest,
  ProveResult,
  Prover,
  VerifyRequest,
} from '../../native/index.js';
import type { CompiledCircuit, Proof, ProverIdentity, VerificationKey } from '../../proto/index.js';

/** A call of `prove` that waits for the test to end it. */
export interface ProveCall extends ProveOptions {
  readonly request: ProveRequest;
  /** Ends it with a valid proof, changed as the test likes. */
  finish(change?: Partial<Proof>): void;
  fail(error: EspalierError): void;
}

/**
 * A prover whose proofs take exactly as long as the test wants, so that what happens meanwhile can be told without
 * waiting. A proof is a hash of the circuit's name and its public inputs, and verifies if it is.
 */
export class GatedProver implements Prover {
  readonly identity: ProverIdentity = { kind: 'simulated', version: '1', srs: 'none' };
  readonly calls: ProveCall[] = [];
  /** What a verification waits for. */
  verifyGate: Promise<void> = Promise.resolve();
  verifications = 0;
  #onCall: () => void = () => {};

  constructor(readonly needsWitness = false) {}

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

  prove(request: ProveRequest, options: ProveOptions): Promise<ProveResult> {
    return new Promise((resolve, reject) => {
      const cancel = () => reject(new EspalierError('cancelled', 'cancelled while proving'));
      if (options.signal?.aborted) return cancel();
      options.signal?.addEventListener('abort', cancel, { once: true });
      const proof = { proof: proofOf(request), publicInputs: request.publicInputs };
      const usage = { wallMs: 1, cpuMs: null, peakMemoryBytes: null };
      this.calls.push({
        ...options,
        request,
        finish: (change = {}) => resolve({ proof: { ...proof, ...change }, usage }),
        fail: reject,
      });
      this.#onCall();
    });
  }

  async verify({ circuit, proof }: VerifyRequest): Promise<boolean> {
    this.verifications++;
    await this.verifyGate;
    return Buffer.from(proofOf({ circuit, publicInputs: proof.publicInputs })).equals(proof.proof);
  }

  async computeKey(circuit: CompiledCircuit): Promise<VerificationKey> {
    return { bytes: new Uint8Array(), fields: ['0x1', '0x2'], hash: `0x${hash(circuit.spec.name)}` };
  }

  async measure(): Promise<CircuitSize> {
    return { gates: 1, dyadicGates: 1 };
  }

  async stop(): Promise<void> {}
}

/** 64 bytes: two field elements. */
function proofOf({ circuit, publicInputs }: Pick<ProveRequest, 'circuit' | 'publicInputs'>): Uint8Array {
  return Buffer.from(hash(`${circuit.spec.name} ${publicInputs.join(' ')}`).repeat(2), 'hex');
}

function hash(text: string): string {
  // 252 bits, so that it is a field element.
  return `0${createHash('sha256').update(text).digest('hex').slice(1)}`;
}
