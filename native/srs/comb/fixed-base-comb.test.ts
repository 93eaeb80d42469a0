import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { generatorMultiple } from '../bn254.js';
import { BATCH_POINTS_MAX, FixedBaseComb, GROUP_ORDER, SRS_POINT_BYTES } from './fixed-base-comb.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('FixedBaseComb', () => {
  let comb: FixedBaseComb;
  beforeAll(async () => {
    comb = await FixedBaseComb.create();
  });

  test('agrees with scalar multiplication, also where the digits wrap around the order', () => {
    const excess = Array.from({ length: 16 }, (_, window) => 1n << BigInt(16 * window)).reduce((a, b) => a + b);
    const corners = [
      1n,
      2n,
      65_536n,
      65_537n,
      2n ** 128n,
      excess % GROUP_ORDER,
      (excess % GROUP_ORDER) + 1n,
      GROUP_ORDER - 1n,
    ];
    for (const scalar of corners) {
      expect(hex(comb.geometricMultiples(scalar, 1n, 1))).toBe(hex(generatorMultiple(scalar)));
    }
    const scalars = fc.bigInt({ min: 1n, max: GROUP_ORDER - 1n });
    fc.assert(
      fc.property(scalars, scalars, fc.integer({ min: 1, max: 20 }), (first, ratio, count) => {
        const points = comb.geometricMultiples(first, ratio, count);
        let scalar = first;
        for (let i = 0; i < count; i++) {
          const point = points.subarray(i * SRS_POINT_BYTES, (i + 1) * SRS_POINT_BYTES);
          expect(hex(point)).toBe(hex(generatorMultiple(scalar)));
          scalar = (scalar * ratio) % GROUP_ORDER;
        }
      }),
      { numRuns: 20 },
    );
  });

  test('a full batch is the same as its points one by one, and one more is refused', () => {
    const batch = comb.geometricMultiples(7n, 11n, BATCH_POINTS_MAX);
    let scalar = 7n;
    for (let i = 0; i < BATCH_POINTS_MAX; i++) {
      if (i % 1_000 === 0 || i === BATCH_POINTS_MAX - 1) {
        expect(hex(batch.subarray(i * SRS_POINT_BYTES, (i + 1) * SRS_POINT_BYTES))).toBe(
          hex(generatorMultiple(scalar)),
        );
      }
      scalar = (scalar * 11n) % GROUP_ORDER;
    }
    expect(() => comb.geometricMultiples(1n, 1n, BATCH_POINTS_MAX + 1)).toThrow(/at most 8192/);
  });

  test('stops rather than give wrong points when two points to add are the same', () => {
    // Digits 65535 and 0 after the shift: the sum of the lowest window is 65536 G, and so is the addend.
    const excess = Array.from({ length: 16 }, (_, window) => 1n << BigInt(16 * window)).reduce((a, b) => a + b);
    expect(() => comb.geometricMultiples((excess + 65_535n) % GROUP_ORDER, 1n, 1)).toThrow(/same x/);
  });
});
