import { bn254 } from '@noble/curves/bn254.js';
import { SRS_POINT_BYTES } from './comb/fixed-base-comb.js';

/** Bytes of the point in `bn254_g2.dat`: x.c0, x.c1, y.c0, y.c1, 32 bytes each, big-endian. */
export const G2_BYTES = 128;

const PRIME = bn254.fields.Fp.ORDER;

/** Whether 64 bytes of an SRS file hold a point of the curve (which is all of G1: its cofactor is 1). */
export function isOnCurve(point: Uint8Array): boolean {
  const [x, y] = [toBigint(point.subarray(0, 32)), toBigint(point.subarray(32, SRS_POINT_BYTES))];
  return x < PRIME && y < PRIME && (y * y - x * x * x - 3n) % PRIME === 0n;
}

/** Whether `next = tau * point`, for the tau of `tauG2`: `e(next, [1]_2) = e(point, [tau]_2)`. Takes about 40 ms. */
export function isNextPower(point: Uint8Array, next: Uint8Array, tauG2: Uint8Array): boolean {
  const pairs = [
    { g1: toG1(next), g2: bn254.G2.Point.BASE },
    { g1: toG1(point).negate(), g2: toG2(tauG2) },
  ];
  return bn254.fields.Fp12.eql(bn254.pairingBatch(pairs), bn254.fields.Fp12.ONE);
}

/** `scalar * G`, as it stands in an SRS file. */
export function generatorMultiple(scalar: bigint): Uint8Array {
  const { x, y } = bn254.G1.Point.BASE.multiply(scalar).toAffine();
  return Buffer.concat([toBytes(x), toBytes(y)]);
}

/** `scalar * H`, H being the generator of G2, as it stands in `bn254_g2.dat`. */
export function g2GeneratorMultiple(scalar: bigint): Uint8Array {
  const { x, y } = bn254.G2.Point.BASE.multiply(scalar).toAffine();
  return Buffer.concat([x.c0, x.c1, y.c0, y.c1].map(toBytes));
}

function toG1(bytes: Uint8Array): InstanceType<typeof bn254.G1.Point> {
  return bn254.G1.Point.fromAffine({ x: toBigint(bytes.subarray(0, 32)), y: toBigint(bytes.subarray(32, 64)) });
}

function toG2(bytes: Uint8Array): InstanceType<typeof bn254.G2.Point> {
  const part = (index: number): bigint => toBigint(bytes.subarray(32 * index, 32 * index + 32));
  const { Fp2 } = bn254.fields;
  return bn254.G2.Point.fromAffine({
    x: Fp2.fromBigTuple([part(0), part(1)]),
    y: Fp2.fromBigTuple([part(2), part(3)]),
  });
}

function toBigint(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
}

function toBytes(value: bigint): Buffer {
  return Buffer.from(value.toString(16).padStart(64, '0'), 'hex');
}
