import { createHash, randomBytes } from 'node:crypto';

/** Makes it plain to whoever finds one, and to programs that look for secrets, what it is. */
const PREFIX = 'espalier_';
const RANDOM_BYTES = 32;

/** A bearer token of 256 random bits, and what the server knows of it: too random to be guessed from its hash. */
export function newToken(): { readonly token: string; readonly sha256: string } {
  const token = PREFIX + randomBytes(RANDOM_BYTES).toString('base64url');
  return { token, sha256: createHash('sha256').update(token).digest('hex') };
}
