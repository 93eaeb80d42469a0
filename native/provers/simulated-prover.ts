import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { CircuitName, CompiledCircuit, ProverIdentity, VerificationKey } from '../../proto/index.js';
import type { CircuitSize, ProveOptions, ProveRequest, ProveResult, Prover, VerifyRequest } from '../prover.js';
import * as format from './proof-format.js';
import { cancelledWhile, proverStopped } from './prover-failure.js';

/** First bytes of every simulated proof. No field element starts so: a real verifier cannot even read one. */
export const SIMULATED_PROOF_MARKER = 'ESPALIER-SIMULATED-PROOF';
export const SIMULATED_KEY_MARKER = 'ESPALIER-SIMULATED-KEY';

const FIELD_BYTES = 32;

export interface SimulatedProverOptions {
  /** How long a proof takes. */
  readonly durationsMs?: Partial<Record<CircuitName, number>>;
  /** For circuits that `durationsMs` does not name. */
  readonly defaultDurationMs?: number;
  /** Varies each duration evenly by up to `fraction` of it either way; the same seed gives the same durations. */
  readonly jitter?: { readonly seed: string; readonly fraction: number };
  /** The logarithm of every circuit's size: what `measure` reports and the length of EVM proofs follows. */
  readonly logGates?: number;
  /** Waits; rejects when the signal aborts. Tests put virtual time here. */
  readonly wait?: (durationMs: number, signal: AbortSignal) => Promise<void>;
}

/**
 * Proves nothing, in as much time as a proof would take and into as many bytes, so that a fleet can be tried without
 * the machines. Its proofs hold the circuit, the key and the public inputs, so mixing them up is noticed; anyone can
 * make them, so they say what they are, and no real prover accepts them.
 */
export class SimulatedProver implements Prover {
  readonly identity: ProverIdentity = { kind: 'simulated', version: '1', srs: 'none' };
  readonly needsWitness = false;
  readonly #options: Required<Omit<SimulatedProverOptions, 'jitter'>> & Pick<SimulatedProverOptions, 'jitter'>;
  readonly #stopping = new AbortController();
  #proofs = 0;

  constructor(options: SimulatedProverOptions = {}) {
    this.#options = {
      durationsMs: {},
      defaultDurationMs: 1_000,
      logGates: 20,
      wait: (durationMs, signal) => delay(durationMs, undefined, { signal }),
      ...options,
    };
  }

  async prove({ circuit, key, publicInputs }: ProveRequest, { signal }: ProveOptions): Promise<ProveResult> {
    const doing = `proving ${circuit.spec.name}`;
    const wallMs = this.#durationMs(circuit.spec.name);
    const wait = new AbortController();
    const abort = () => wait.abort();
    for (const source of [signal, this.#stopping.signal]) {
      if (source?.aborted) abort();
      source?.addEventListener('abort', abort, { once: true });
    }
    try {
      if (!wait.signal.aborted) await this.#options.wait(wallMs, wait.signal);
    } catch (error) {
      if (!wait.signal.aborted) throw error;
    } finally {
      for (const source of [signal, this.#stopping.signal]) source?.removeEventListener('abort', abort);
    }
    if (this.#stopping.signal.aborted) throw proverStopped(doing);
    if (wait.signal.aborted) throw cancelledWhile(doing);
    const proof = simulatedProof(circuit, key, publicInputs, this.#options.logGates);
    return { proof: { proof, publicInputs }, usage: { wallMs, cpuMs: null, peakMemoryBytes: null } };
  }

  async verify({ circuit, key, proof }: VerifyRequest): Promise<boolean> {
    this.#assertRunning(`verifying a proof of ${circuit.spec.name}`);
    const expected = simulatedProof(circuit, key, proof.publicInputs, this.#options.logGates);
    return Buffer.from(expected).equals(proof.proof);
  }

  async computeKey(circuit: CompiledCircuit): Promise<VerificationKey> {
    const { name, target } = circuit.spec;
    this.#assertRunning(`computing the verification key of ${name}`);
    const marker = Buffer.alloc(FIELD_BYTES);
    marker.write(SIMULATED_KEY_MARKER, 1);
    const count = format.keyFields(target);
    const rest = Array.from({ length: count - 1 }, (_, index) => derivedField(circuit.bytecodeHash, target, index));
    const fields = [marker, ...rest];
    return {
      bytes: Uint8Array.from(Buffer.concat(fields)),
      fields: format.isEvm(target) ? [] : fields.map(format.fieldHex),
      hash: format.fieldHex(derivedField(circuit.bytecodeHash, target, 'hash')),
    };
  }

  async measure(circuit: CompiledCircuit): Promise<CircuitSize> {
    this.#assertRunning(`measuring ${circuit.spec.name}`);
    return { gates: 2 ** this.#options.logGates, dyadicGates: 2 ** this.#options.logGates };
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
  }

  #assertRunning(doing: string): void {
    if (this.#stopping.signal.aborted) throw proverStopped(doing);
  }

  #durationMs(circuit: CircuitName): number {
    const { durationsMs, defaultDurationMs, jitter } = this.#options;
    const usualMs = durationsMs[circuit] ?? defaultDurationMs;
    if (jitter === undefined) return usualMs;
    const random = digest(jitter.seed, circuit, this.#proofs++).readUInt32BE() / 2 ** 32;
    return usualMs * (1 + jitter.fraction * (2 * random - 1));
  }
}

function simulatedProof(
  { spec, bytecodeHash }: CompiledCircuit,
  key: VerificationKey,
  publicInputs: readonly string[],
  logGates: number,
): Uint8Array {
  const proof = Buffer.alloc(format.proofFields(spec.target, logGates) * FIELD_BYTES);
  proof.write(SIMULATED_PROOF_MARKER);
  digest(spec.name, spec.target, bytecodeHash, key.hash, ...publicInputs).copy(proof, FIELD_BYTES);
  return Uint8Array.from(proof);
}

/** A field element from a hash: 31 bytes of it, so that it is below the modulus. */
function derivedField(...parts: (string | number)[]): Buffer {
  return Buffer.concat([Buffer.of(0), digest(SIMULATED_KEY_MARKER, ...parts).subarray(1)]);
}

function digest(...parts: (string | number)[]): Buffer {
  return createHash('sha256').update(JSON.stringify(parts)).digest();
}
