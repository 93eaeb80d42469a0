import type { CompiledCircuit, Proof, ProverIdentity, ResourceUsage, VerificationKey } from '../proto/index.js';

export interface ProveRequest {
  readonly circuit: CompiledCircuit;
  readonly key: VerificationKey;
  /** What the circuit's public parameters hold, 0x-prefixed; the proof must expose exactly these. */
  readonly publicInputs: readonly string[];
  /** The solved witness, uncompressed; null only for a prover whose `needsWitness` is false. */
  readonly witness: Uint8Array | null;
}

export interface ProveOptions {
  /** Cores this proof may use. */
  readonly threads: number;
  /** Aborting ends the proving process tree within a second, frees its memory and rejects with code `cancelled`. */
  readonly signal?: AbortSignal;
}

export interface ProveResult {
  readonly proof: Proof;
  readonly usage: ResourceUsage;
}

export interface VerifyRequest {
  readonly circuit: CompiledCircuit;
  readonly key: VerificationKey;
  readonly proof: Proof;
}

export interface CircuitSize {
  readonly gates: number;
  /** The power of two the prover works with: the SRS needs `dyadicGates + 1` points. */
  readonly dyadicGates: number;
}

/**
 * A way to make and check proofs. Adapters: a native `bb` process kept warm, Barretenberg in WASM, an external
 * executable that takes the arguments of `bb prove` (GPU builds), and a simulated one. A prover that was named
 * explicitly never falls back to another: what it cannot do is an error.
 *
 * Any number of calls may run at once; each proof gets a process (or instance) of its own while it runs. Errors are
 * `EspalierError`s: `prover-crashed` (the process died; the next call gets a fresh one), `out-of-memory`,
 * `prover-rejected` (the prover's own message), `prover-unavailable`, `srs-missing`, `srs-unsupported`, `cancelled`.
 */
export interface Prover {
  readonly identity: ProverIdentity;
  /** False only for the simulated prover, which spares the work of making witnesses. */
  readonly needsWitness: boolean;
  prove(request: ProveRequest, options: ProveOptions): Promise<ProveResult>;
  /** False for a proof that does not verify; rejects only when it could not be checked. */
  verify(request: VerifyRequest): Promise<boolean>;
  computeKey(circuit: CompiledCircuit): Promise<VerificationKey>;
  measure(circuit: CompiledCircuit): Promise<CircuitSize>;
  /** Ends every process this prover started. Idempotent. */
  stop(): Promise<void>;
}
