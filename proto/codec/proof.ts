import { FIELD_BYTES } from '../field.js';
import { type ProofSummary, summaryOf } from '../job.js';
import { LIMITS } from '../limits.js';
import type { ProofRecord, ProofSignature, ProverIdentity } from '../proof.js';
import { proofSummarySchema } from '../proof-summary.js';
import type * as wire from '../wire.js';
import { asBuffer, srsFromWire, srsToWire } from './block-part.js';
import { answer } from './check.js';

/** Public inputs of a proof, at most: the root has the most, far fewer. */
const PUBLIC_INPUTS_MAX = 1_024;

const KEY_BYTES = 32;
const DIGEST_BYTES = 32;
const SIGNATURE_BYTES = 64;

export function proofToWire(record: ProofRecord): wire.Proof {
  return {
    summary: summaryToWire(summaryOf(record)),
    proof: asBuffer(record.proof),
    publicInputs: record.publicInputs.map((input) => Buffer.from(input.slice(2), 'hex')),
  };
}

/** A record equal to the one that was sent, number for number: its signature holds as it did. Throws `internal`. */
export function proofFromWire({ summary, proof, publicInputs }: wire.Proof): ProofRecord {
  answer.count(publicInputs, 0, PUBLIC_INPUTS_MAX, 'public inputs of a proof');
  return {
    ...summaryFromWire(answer.present(summary, 'what made a proof')),
    proof: answer.bytes(proof, 0, LIMITS.proofBytesMax, 'a proof'),
    publicInputs: publicInputs.map((input, index) => `0x${answer.hex(input, FIELD_BYTES, `public input ${index}`)}`),
  };
}

export function summaryToWire(summary: ProofSummary): wire.ProofSummary {
  const { prover, usage, timings, signature, ...rest } = summary;
  const { wallMs, cpuMs, peakMemoryBytes } = usage;
  return {
    ...rest,
    prover: proverToWire(prover),
    usage: { wallMs, cpuMs: cpuMs ?? undefined, peakMemoryBytes: peakMemoryBytes ?? undefined },
    timings: { ...timings },
    signature: signature === null ? undefined : signatureToWire(signature),
  };
}

/** Throws `internal` for what no proof was made by. */
export function summaryFromWire(summary: wire.ProofSummary): ProofSummary {
  const { prover, usage, timings, signature, ...rest } = summary;
  const place = `the proof of ${summary.jobId.slice(0, 100)}:`;
  const { wallMs, cpuMs, peakMemoryBytes } = answer.present(usage, `${place} its usage`);
  const parsed = proofSummarySchema.safeParse({
    ...rest,
    prover: proverFromWire(prover),
    usage: { wallMs, cpuMs: cpuMs ?? null, peakMemoryBytes: peakMemoryBytes ?? null },
    timings: { ...answer.present(timings, `${place} its timings`) },
    signature: signature === undefined ? null : signatureFromWire(signature),
  });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw answer.fault(`${place} ${issue?.path.join('.')} cannot be: ${issue?.message}`);
}

export function proverToWire({ kind, version, srs }: ProverIdentity): wire.ProverIdentity {
  return { kind, version, srs: srsToWire(srs) };
}

export function proverFromWire(prover: wire.ProverIdentity | undefined): ProverIdentity {
  const { kind, version, srs } = answer.present(prover, 'a prover');
  const kinds = ['native', 'wasm', 'external', 'simulated'] as const;
  return {
    kind: answer.oneOf(kind, kinds, 'the kind of a prover'),
    version,
    srs: srsFromWire(srs, 'the SRS of a prover', answer),
  };
}

function signatureToWire({ publicKey, proofDigest, value }: ProofSignature): wire.ProofSignature {
  return {
    publicKey: Buffer.from(publicKey, 'hex'),
    proofDigest: Buffer.from(proofDigest, 'hex'),
    value: Buffer.from(value, 'hex'),
  };
}

function signatureFromWire({ publicKey, proofDigest, value }: wire.ProofSignature): ProofSignature {
  return {
    publicKey: answer.hex(publicKey, KEY_BYTES, 'the public key of a signature'),
    proofDigest: answer.hex(proofDigest, DIGEST_BYTES, 'the digest of a signature'),
    value: answer.hex(value, SIGNATURE_BYTES, 'a signature'),
  };
}
