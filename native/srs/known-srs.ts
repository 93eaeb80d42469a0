import { createHash } from 'node:crypto';
import { GROUP_ORDER } from './comb/fixed-base-comb.js';

const fromHex = (...parts: string[]): Uint8Array => Buffer.from(parts.join(''), 'hex');

/** What `bn254_g2.dat` and the second point of `bn254_g1.dat` hold: by these an SRS is recognized. */
export interface SrsFingerprint {
  readonly g2: Uint8Array;
  readonly secondG1: Uint8Array;
}

/** The SRS of Aztec's Ignition ceremony; the same bytes are built into `bb`. */
export const CANONICAL: SrsFingerprint = {
  g2: fromHex(
    '0118c4d5b837bcc2bc89b5b398b5974e9f5944073b32078b7e231fec938883b0',
    '260e01b251f6f1c7e7ff4e580791dee8ea51d87a358e038b4efe30fac09383c1',
    '22febda3c0c0632a56475b4214e5615e11e6dd3f96e6cea2854a87d4dacc5e55',
    '04fc6369f7110fe3d25156c1bb9a72859cf2a04641f99ba4ee413c80da6a5fe4',
  ),
  secondG1: fromHex(
    '2d360628289ff943ff6bd1a87bbe4e62abe7fb61ba83effd266f22bdcf31e6f9',
    '26b92a79e563c3f48252cce7feeca2f0f8d33dcb4ef7b0643bf07bd405700aaa',
  ),
};

/** The first point of every SRS: the generator (1, 2). */
export const FIRST_G1 = fromHex('1'.padStart(64, '0'), '2'.padStart(64, '0'));

/**
 * The development SRS: tau is no secret, so that every machine makes the same SRS and keys can be reproduced. tau is
 * SHA-256(seed | 0x00) | SHA-256(seed | 0x01), read as one big-endian number of 512 bits, modulo the group's order.
 */
export const DEVELOPMENT_SEED = 'espalier development SRS v1';

/** Enough for circuits of 2^21 gates, which hold two recursive verifications and something besides. */
export const DEFAULT_POINTS = 2 ** 21 + 1;
export const DEVELOPMENT_POINTS = DEFAULT_POINTS;

/** SHA-256 of the whole development `bn254_g1.dat`; found by two independent generators. */
export const DEVELOPMENT_G1_SHA256 = '627b61241ca0de90b8a5ccdd255bc7c619917de77a149c3798679340518685d1';

export const DEVELOPMENT: SrsFingerprint = {
  g2: fromHex(
    '14bafe675f5d4352429956af8bc01aba81c456545ed2731cd13cd0d7ac1f6616',
    '002ef6e2bbd256a00e7415873d3848b54fc24544a11ba5eec7eb5858e819e24a',
    '1eaf07e9ed4be84cd0bc821e6a7c3340dc7b4a7053b8cc9a1de0101cd6f4aaa9',
    '1d0c140165d43d9fc50f33059fd0f875643a202f0eb782bdaabdaca2272ee094',
  ),
  secondG1: fromHex(
    '0601d5b66e1699e8c63ca640b0572190dfcaad55cf5a682bdd64940b79746561',
    '0f56327a6a3a08b7ffccd5c1e02b60393c553e42e59761b021326a9588b2ac02',
  ),
};

export function developmentTau(): bigint {
  const half = (index: number): string =>
    createHash('sha256').update(DEVELOPMENT_SEED).update(Uint8Array.of(index)).digest('hex');
  return BigInt(`0x${half(0)}${half(1)}`) % GROUP_ORDER;
}
