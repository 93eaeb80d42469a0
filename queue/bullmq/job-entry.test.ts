import fc from 'fast-check';
import { expect, test } from 'vitest';
import { queuedJob } from '../../tests/conformance/job-queue-tools.js';
import { decodeJob, encodeJob, encodeNumber } from './job-entry.js';

const finite = fc.double({ noNaN: true, noDefaultInfinity: true });

test('numbers are in the order of their texts, which are digits of one length', () => {
  fc.assert(
    fc.property(finite, finite, (a, b) => {
      const [textA, textB] = [encodeNumber(a), encodeNumber(b)];
      expect(textA).toMatch(/^\d{20}$/);
      expect(Math.sign(textA < textB ? -1 : textA > textB ? 1 : 0)).toBe(a < b ? -1 : a > b ? 1 : 0);
    }),
  );
});

test('0 and -0 are one', () => expect(encodeNumber(-0)).toBe(encodeNumber(0)));

test('a job comes back as it was', () => {
  const children = [{ param: 'left', circuit: 'base-rollup-public', proofId: 'ä"\\' }] as const;
  const queued = queuedJob('é"', { children, attempt: 3, order: [2, -1e-300], blockId: 'b"' });
  expect(decodeJob(String(encodeJob(queued)[3]))).toEqual(queued);
});

test('jobs of equal content begin alike, and those of other content do not', () => {
  const content = (...args: Parameters<typeof queuedJob>) => {
    const [, , , data, length] = encodeJob(queuedJob(...args));
    return Buffer.from(String(data)).subarray(0, Number(length)).toString();
  };
  const child = { param: 'ä', circuit: 'merge-rollup', proofId: 'c' } as const;
  const alike = content('a', { children: [child] });
  const { param, circuit, proofId } = child;
  expect(content('a', { children: [{ proofId, circuit, param }], blockId: 'b2', attempt: 2, order: [1, 1] })).toBe(
    alike,
  );
  for (const other of [{}, { children: [child, child] }, { children: [child], resourceClass: 'vm' }] as const) {
    expect(content('a', other)).not.toBe(alike);
  }
});

test.each([Number.NaN, Number.POSITIVE_INFINITY])('an order of %s is refused', (path) =>
  expect(() => encodeJob(queuedJob('a', { order: [0, path] }))).toThrow(/job a/),
);
