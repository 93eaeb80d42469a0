import { expect } from 'vitest';

/**
 * Set-up of every test file: bytes that are equal are found so by comparing memory. Vitest compares them one by one, 4 us
 * each, which took 40 s of CPU time for one block of 10 MB. Bytes that differ are left to it, for its message.
 */
expect.addEqualityTesters([
  (a: unknown, b: unknown) =>
    a instanceof Uint8Array && b instanceof Uint8Array && a.constructor === b.constructor && Buffer.compare(a, b) === 0
      ? true
      : undefined,
]);
