import fc from 'fast-check';
import { expect, it } from 'vitest';
import { criticalPath, type TimedNode } from './critical-path.js';

const node = (jobId: string, parentJobId: string | null, durationMs: number): TimedNode => {
  return { jobId, parentJobId, durationMs };
};

it('adds up the longest chain, a sequence of kernels included', () => {
  const nodes = [
    node('vm0', 'kernel0', 5),
    node('vm1', 'kernel1', 40),
    node('kernel0', 'kernel1', 20),
    node('kernel1', 'base0', 20),
    node('base0', 'root', 10),
    node('base1', 'root', 75),
    node('root', null, 1),
  ];
  // vm1, kernel1, base0, root: 71 is less than base1, root; kernel0 with vm0 is not on the longest chain.
  expect(criticalPath(nodes)).toBe(76);
  expect(criticalPath(nodes.filter(({ jobId }) => jobId !== 'base1'))).toBe(71);
  expect(criticalPath([...nodes].reverse())).toBe(76);
});

it('is between the longest job and all jobs together, and the depth of a chain is no matter', () => {
  const chain = Array.from({ length: 50_000 }, (_, index) => node(`${index}`, index === 0 ? null : `${index - 1}`, 1));
  expect(criticalPath(chain)).toBe(50_000);
  const tree = fc.array(fc.record({ parent: fc.nat(), ms: fc.nat(1_000) }), { minLength: 1 });
  fc.assert(
    fc.property(tree, (shape) => {
      const nodes = shape.map(({ parent, ms }, index) =>
        node(`${index}`, index === 0 ? null : `${parent % index}`, ms),
      );
      const pathMs = criticalPath(nodes);
      expect(pathMs).toBeGreaterThanOrEqual(Math.max(...shape.map(({ ms }) => ms)));
      expect(pathMs).toBeLessThanOrEqual(shape.reduce((sum, { ms }) => sum + ms, 0));
    }),
  );
});

it.each([
  ['0 jobs have no parent', []],
  ['2 jobs have no parent', [node('a', null, 1), node('b', null, 1)]],
  ['a has the parent nobody', [node('root', null, 1), node('a', 'nobody', 1)]],
  ['form a loop', [node('root', null, 1), node('a', 'b', 1), node('b', 'a', 1)]],
])('refuses a tree in which %s', (message, nodes) => {
  expect(() => criticalPath(nodes)).toThrow(message);
});
