import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ProofSummary, summaryOf } from './job.js';
import type { ProofRecord } from './proof.js';
import { parsePrivateKey, publicKeyOf, signProof, verifySignature } from './proof-signature.js';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');

const unsigned: Omit<ProofRecord, 'signature'> = {
  proof: new Uint8Array([1, 2, 3]),
  publicInputs: [`0x${'1'.repeat(64)}`],
  jobId: 'public-vm.0.0.ab',
  circuit: 'public-vm',
  keyHash: '0xkey',
  prover: { kind: 'native', version: '5.0.0', srs: 'canonical' },
  workerId: 'machine.session',
  startedAtMs: 1_000,
  finishedAtMs: 31_000,
  threads: 8,
  usage: { wallMs: 29_000.25, cpuMs: null, peakMemoryBytes: 2 ** 33 },
  timings: { queuedMs: 0, witnessMs: 900.1, proveMs: 29_000.3, verifyMs: 15, storeMs: 3 },
  attempts: 1,
};
const record: ProofRecord = { ...unsigned, signature: signProof(unsigned, privateKey) };

/** As it comes out of Redis or a file, its keys in any order. */
function overTheWire<T extends object>(value: T): T {
  const entries = Object.entries(JSON.parse(JSON.stringify(value))).reverse();
  return Object.fromEntries(entries) as T;
}

describe('a signature', () => {
  it('vouches for the record, and for its summary alone', () => {
    expect(verifySignature(record)).toBe(true);
    expect(verifySignature(summaryOf(record))).toBe(true);
    expect(verifySignature(overTheWire(summaryOf(record)))).toBe(true);
    expect(record.signature?.publicKey).toBe(publicKeyOf(publicKey));
    expect(record.signature?.publicKey).toMatch(/^[0-9a-f]{64}$/);
  });

  it('does not survive a change of anything it covers', () => {
    const leaves = Object.keys(unsigned).filter((name) => name !== 'proof' && name !== 'publicInputs');
    for (const name of leaves) {
      const changed = { ...summaryOf(record), [name]: 'x' } as ProofSummary;
      expect([name, verifySignature(changed)]).toEqual([name, false]);
    }
    const { timings } = record;
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(timings)), fc.double({ min: 1e6, max: 1e9 }), (name, ms) => {
        expect(verifySignature({ ...summaryOf(record), timings: { ...timings, [name]: ms } })).toBe(false);
      }),
    );
    expect(verifySignature({ ...record, extra: 1 } as ProofRecord)).toBe(false);
  });

  it('holds a record to its proof', () => {
    expect(verifySignature({ ...record, proof: new Uint8Array([1, 2, 4]) })).toBe(false);
    expect(verifySignature({ ...record, publicInputs: [] })).toBe(false);
    const signature = { ...(record.signature as NonNullable<typeof record.signature>), proofDigest: '0'.repeat(64) };
    expect(verifySignature({ ...summaryOf(record), signature })).toBe(false);
  });

  it("is one worker's: another cannot put his name under it", () => {
    const other = generateKeyPairSync('ed25519').privateKey;
    const signature = { ...(record.signature as NonNullable<typeof record.signature>), publicKey: publicKeyOf(other) };
    expect(verifySignature({ ...record, signature })).toBe(false);
    expect(verifySignature({ ...record, signature: signProof(unsigned, other) })).toBe(true);
  });

  it('is none where it is missing or malformed', () => {
    expect(verifySignature({ ...record, signature: null })).toBe(false);
    const signature = record.signature as NonNullable<typeof record.signature>;
    for (const change of [{ value: 'zz' }, { publicKey: '' }, { value: signature.value.toUpperCase() }]) {
      expect(verifySignature({ ...record, signature: { ...signature, ...change } })).toBe(false);
    }
    // A text of the right form that is no point of the curve.
    expect(verifySignature({ ...record, signature: { ...signature, publicKey: `02${'0'.repeat(62)}` } })).toBe(false);
  });
});

describe('parsePrivateKey', () => {
  it('takes ed25519 keys and no others', () => {
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    expect(publicKeyOf(parsePrivateKey(pem))).toBe(publicKeyOf(privateKey));
    const other = generateKeyPairSync('x25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    expect(() => parsePrivateKey(other)).toThrowError(/x25519, not ed25519/);
    expect(() => parsePrivateKey('no key')).toThrowError();
  });
});
