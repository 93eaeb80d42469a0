import { describe, expect, test } from 'vitest';
import { generatorMultiple } from '../bn254.js';
import { FIELD_PRIME } from './field-kernel.js';
import { COMPRESSED_POINT_BYTES, PointExpander } from './point-expander.js';

/** As `bb` compresses a point: x, and in the highest bit whether y is odd. */
function compress(point: Uint8Array): Uint8Array {
  const compressed = Uint8Array.from(point.subarray(0, COMPRESSED_POINT_BYTES));
  compressed[0] = (compressed[0] ?? 0) | (((point[63] ?? 0) & 1) << 7);
  return compressed;
}

const xOnly = (x: bigint): Uint8Array => Buffer.from(x.toString(16).padStart(64, '0'), 'hex');

describe('PointExpander', () => {
  test('gives back the points, with odd and even y', async () => {
    const points = Array.from({ length: 40 }, (_, i) => generatorMultiple(BigInt(i + 1) ** 20n));
    expect(new Set(points.map((point) => (point[63] ?? 0) & 1))).toEqual(new Set([0, 1]));
    const expanded = (await PointExpander.create()).expand(Buffer.concat(points.map(compress)));
    expect(Buffer.from(expanded).equals(Buffer.concat(points))).toBe(true);
  });

  test('names the point that is not on the curve, or not reduced', async () => {
    const expander = await PointExpander.create();
    const good = compress(generatorMultiple(5n));
    // x^3 + 3 = 67 is no square modulo p.
    expect(() => expander.expand(Buffer.concat([good, xOnly(4n)]))).toThrow(/point 1 is not on the curve/);
    expect(() => expander.expand(xOnly(FIELD_PRIME + 1n))).toThrow(/point 0: its x is not below/);
  });
});
