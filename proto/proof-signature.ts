import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import type { ProofSummary } from './job.js';
import type { ProofRecord, ProofSignature } from './proof.js';

/** Names what is signed, so that no signature over anything else ever passes for one over a proof. */
const DOMAIN = 'espalier proof record, version 1';
const PUBLIC_KEY = /^[0-9a-f]{64}$/;
const VALUE = /^[0-9a-f]{128}$/;

/**
 * Signs a record with an ed25519 key: all that it says, and its proof and public inputs by their digest, so that a
 * summary bears the same signature as its record.
 */
export function signProof(record: Omit<ProofRecord, 'signature'>, privateKey: KeyObject): ProofSignature {
  const publicKey = publicKeyOf(privateKey);
  const proofDigest = proofDigestOf(record);
  const value = sign(null, signedBytes(record, publicKey, proofDigest), privateKey);
  return { publicKey, proofDigest, value: value.toString('hex') };
}

/**
 * Whether the signature of a record, or of a summary without the proof, is that of its `publicKey` over all the rest;
 * of a record also whether its proof is the signed one. False where nobody signed. Whose the key is, it does not say.
 */
export function verifySignature(signed: ProofSummary | ProofRecord): boolean {
  const { signature } = signed;
  if (signature === null || !PUBLIC_KEY.test(signature.publicKey) || !VALUE.test(signature.value)) return false;
  if ('proof' in signed && proofDigestOf(signed) !== signature.proofDigest) return false;
  const bytes = signedBytes(signed, signature.publicKey, signature.proofDigest);
  return verify(null, bytes, keyFromHex(signature.publicKey), Buffer.from(signature.value, 'hex'));
}

/** The public half of an ed25519 key as it stands in signatures: 32 bytes, hexadecimal. */
export function publicKeyOf(key: KeyObject): string {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  return Buffer.from(String(publicKey.export({ format: 'jwk' }).x), 'base64url').toString('hex');
}

/** An ed25519 private key from PKCS8 PEM; throws an `Error` for anything else. */
export function parsePrivateKey(pem: string): KeyObject {
  const key = createPrivateKey(pem);
  if (key.asymmetricKeyType !== 'ed25519') throw new Error(`it is a key of type ${key.asymmetricKeyType}, not ed25519`);
  return key;
}

function proofDigestOf({ proof, publicInputs }: Pick<ProofRecord, 'proof' | 'publicInputs'>): string {
  return createHash('sha256')
    .update(`${JSON.stringify(publicInputs)}\n`)
    .update(proof)
    .digest('hex');
}

/** The public key is among it: nobody can put his own signature under what another's said. */
function signedBytes(
  signed: ProofSummary | Omit<ProofRecord, 'signature'>,
  publicKey: string,
  proofDigest: string,
): Buffer {
  const { proof: _proof, publicInputs: _inputs, signature: _signature, ...content } = signed as ProofRecord;
  const text = canonicalJson({ ...content, publicKey, proofDigest });
  return createHash('sha256').update(`${DOMAIN}\n`).update(text).digest();
}

/** JSON without spaces, the keys of every object in order: equal values are equal texts, also after a way over the wire. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

function keyFromHex(publicKey: string): KeyObject {
  const x = Buffer.from(publicKey, 'hex').toString('base64url');
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
}
