import { EspalierError } from '../../common/index.js';
import type { CompiledCircuit, VerificationKey, VerifierTarget } from '../../proto/index.js';
import {
  FIELD_BYTES,
  FIELD_MODULUS,
  fieldFromBytes,
  fieldsToBytes,
  RECURSIVE_KEY_FIELDS,
  toHex,
} from '../../proto/index.js';

/** The largest circuit Barretenberg can express; a key that claims more is no key. */
const LOG_GATES_MAX = 28;
/** Polynomials that hide a proof (zero knowledge) are of this length however small the circuit is (measured). */
const ZK_POINTS_MIN = 512;

/** What a proof for a target is made of; `bb prove --verifier_target` sets the same (bb.js's `backend.ts`). */
export interface ProofSettings {
  readonly ipaAccumulation: boolean;
  readonly oracleHashType: 'poseidon2' | 'keccak';
  readonly disableZk: boolean;
  readonly optimizedSolidityVerifier: boolean;
}

export function isEvm(target: VerifierTarget): boolean {
  return target === 'evm' || target === 'evm-no-zk';
}

export function isZk(target: VerifierTarget): boolean {
  return target === 'evm' || target === 'noir-recursive';
}

export function settingsFor(target: VerifierTarget): ProofSettings {
  return {
    ipaAccumulation: false,
    oracleHashType: isEvm(target) ? 'keccak' : 'poseidon2',
    disableZk: !isZk(target),
    optimizedSolidityVerifier: false,
  };
}

/**
 * Field elements of a proof by `bb` 5.0.0. Proofs for circuits are padded to one length; those for EVM grow with the
 * circuit. Measured at 2^9 and 2^15 gates.
 */
export function proofFields(target: VerifierTarget, logGates: number): number {
  switch (target) {
    case 'noir-recursive':
      return 458;
    case 'noir-recursive-no-zk':
      return 410;
    case 'evm':
      return 82 + 12 * logGates;
    case 'evm-no-zk':
      return 67 + 11 * logGates;
  }
}

/** Field elements of a verification key by `bb` 5.0.0. */
export function keyFields(target: VerifierTarget): number {
  return isEvm(target) ? 59 : RECURSIVE_KEY_FIELDS;
}

/** Points of the SRS that proving a circuit of this many (dyadic) gates takes. */
export function pointsNeeded(dyadicGates: number, target: VerifierTarget): number {
  return Math.max(dyadicGates + 1, isZk(target) ? ZK_POINTS_MIN : 0);
}

/** The power of two a circuit is proven with: the first field of its key is its logarithm. */
export function dyadicGatesOfKey(circuit: CompiledCircuit, key: VerificationKey): number {
  const logGates = fieldFromBytes(key.bytes.subarray(0, FIELD_BYTES));
  if (key.bytes.length !== keyFields(circuit.spec.target) * FIELD_BYTES || logGates > LOG_GATES_MAX) {
    const { name, target } = circuit.spec;
    throw new EspalierError('prover-rejected', `the verification key of ${name} (${target}) is malformed`, {
      remedy: 'compute it again',
    });
  }
  return 2 ** Number(logGates);
}

/** Bytes as field elements of 32 bytes; undefined when they are no whole number of canonical ones. */
export function splitFields(bytes: Uint8Array): Uint8Array[] | undefined {
  if (bytes.length % FIELD_BYTES !== 0) return undefined;
  const fields: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += FIELD_BYTES) {
    const field = bytes.subarray(at, at + FIELD_BYTES);
    if (fieldFromBytes(field) >= FIELD_MODULUS) return undefined;
    fields.push(field);
  }
  return fields;
}

/** 0x-prefixed field elements as bytes; undefined when one is not canonical: 64 lower-case digits, below the modulus. */
export function publicInputBytes(publicInputs: readonly string[]): Uint8Array[] | undefined {
  if (!publicInputs.every((text) => /^0x[0-9a-f]{64}$/.test(text))) return undefined;
  return splitFields(fieldsToBytes(publicInputs));
}

export function fieldHex(bytes: Uint8Array): string {
  return toHex(fieldFromBytes(bytes));
}

/** Holds what a proof exposes against what the job says it must expose. */
export function assertPublicInputs(circuit: string, exposed: readonly string[], expected: readonly string[]): void {
  const length = Math.max(exposed.length, expected.length);
  for (let index = 0; index < length; index++) {
    if (exposed[index] === expected[index]) continue;
    const detail = `public input ${index} is ${exposed[index] ?? 'missing'}, expected ${expected[index] ?? 'none'}`;
    throw new EspalierError('proof-invalid', `the proof of ${circuit} exposes other values than its job: ${detail}`);
  }
}
