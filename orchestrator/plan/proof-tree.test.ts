import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CATALOGUE } from '../../circuits/index.js';
import { at } from './at.js';
import { CHILD_PARAMS, type JobCircuit } from './child-params.js';
import { criticalPathMs, remainingPathMs, remainingPathOf } from './paths.js';
import { planBlock } from './plan-block.js';
import type { ProofTree } from './proof-tree.js';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/** A transaction's content, for these tests: its number of calls and a salt that makes it differ from others. */
interface Content {
  readonly calls: number;
  readonly salt: number;
}

function plan(contents: readonly Content[], seed = 'seed'): ProofTree {
  return planBlock({
    lineageSeed: sha256(seed),
    transactionIds: contents.map((content) => sha256(JSON.stringify(content))),
    callCounts: contents.map((content) => content.calls),
  });
}

const content = fc.record({ calls: fc.integer({ min: 0, max: 4 }), salt: fc.nat({ max: 3 }) });
const block = fc.array(content, { minLength: 1, maxLength: 40 });
const durations: Record<JobCircuit, number> = {
  'public-vm': 3,
  'public-kernel-first': 50,
  'public-kernel-next': 700,
  'base-rollup-private': 11_000,
  'base-rollup-public': 130_000,
  'merge-rollup': 1_700_000,
  'root-rollup': 19_000_000,
  'root-rollup-single': 23_000_000,
};
const durationOf = (circuit: JobCircuit) => durations[circuit];
const jobs = (tree: ProofTree) => Array.from({ length: tree.size }, (_, job) => job);

describe('the proof tree of any block', () => {
  it('has 2C + T + (T - 1) jobs, and 2C + 2 for one transaction', () => {
    fc.assert(
      fc.property(block, (contents) => {
        const tree = plan(contents);
        const calls = contents.reduce((sum, { calls }) => sum + calls, 0);
        expect(tree.size).toBe(2 * calls + contents.length + Math.max(1, contents.length - 1));
        expect(tree.levels().reduce((sum, level) => sum + level.jobs, 0)).toBe(tree.size);
      }),
    );
  });

  it('gives every job one parent, which lists it as a child, and every leaf a way to the root', () => {
    fc.assert(
      fc.property(block, (contents) => {
        const tree = plan(contents);
        const listed = new Array<number>(tree.size).fill(-1);
        for (const job of jobs(tree)) {
          for (const child of tree.childJobs(job)) {
            expect(child).toBeLessThan(job);
            expect(listed[child]).toBe(-1);
            listed[child] = job;
          }
        }
        expect(listed).toEqual(jobs(tree).map((job) => tree.parent(job)));
        expect(listed.flatMap((parent, job) => (parent === -1 ? [job] : []))).toEqual([tree.root]);
      }),
    );
  });

  it('covers contiguous spans: a join its children side by side, the root everything', () => {
    fc.assert(
      fc.property(block, (contents) => {
        const tree = plan(contents);
        for (const job of jobs(tree)) {
          const children = tree.childJobs(job);
          const [first, last] = tree.span(job);
          if (tree.place(job).kind !== 'join') {
            for (const child of children) expect(tree.span(child)).toEqual([first, last]);
            continue;
          }
          const spans = children.map((child) => tree.span(child));
          expect(spans[0]?.[0]).toBe(first);
          expect(spans.at(-1)?.[1]).toBe(last);
          if (spans.length === 2) expect(at(spans, 0)[1] + 1).toBe(at(spans, 1)[0]);
        }
        expect(tree.span(tree.root)).toEqual([0, contents.length - 1]);
      }),
    );
  });

  it('runs the kernels of a transaction in sequence, each over its own call', () => {
    fc.assert(
      fc.property(block, (contents) => {
        const tree = plan(contents);
        contents.forEach(({ calls }, t) => {
          for (let c = 0; c < calls; c++) {
            const kernel = tree.kernelJob(t, c);
            expect(tree.circuit(tree.vmJob(t, c))).toBe('public-vm');
            expect(tree.circuit(kernel)).toBe(c === 0 ? 'public-kernel-first' : 'public-kernel-next');
            expect(tree.childJobs(kernel)).toEqual(
              c === 0 ? [tree.vmJob(t, 0)] : [tree.kernelJob(t, c - 1), tree.vmJob(t, c)],
            );
          }
          expect(tree.circuit(tree.baseJob(t))).toBe(calls === 0 ? 'base-rollup-private' : 'base-rollup-public');
          expect(tree.childJobs(tree.baseJob(t))).toEqual(calls === 0 ? [] : [tree.kernelJob(t, calls - 1)]);
        });
      }),
    );
  });

  it('gives each job an id of its own, found again by indexOf, and refuses any other', () => {
    fc.assert(
      fc.property(block, fc.string(), (contents, noise) => {
        const tree = plan(contents);
        const ids = jobs(tree).map((job) => tree.jobId(job));
        expect(new Set(ids).size).toBe(tree.size);
        for (const id of ids) expect(id).toMatch(/^[a-z-]+(\.\d+){1,2}\.[0-9a-f]{32}$/);
        expect(ids.map((id) => tree.indexOf(id))).toEqual(jobs(tree));
        expect(tree.indexOf(noise)).toBe(-1);
        expect(tree.indexOf(`${ids[0]}0`)).toBe(-1);
        expect(tree.indexOf(at(ids, 0).replace(/\.0/, '.00'))).toBe(-1);
        expect(tree.indexOf(at(ids, 0).replace(/\.\d+/, '.1e-1'))).toBe(-1);
        expect(plan(contents, 'another start').indexOf(at(ids, 0))).toBe(-1);
      }),
    );
  });

  it('is the same when planned again', () => {
    fc.assert(
      fc.property(block, (contents) => {
        const describeTree = (tree: ProofTree) => jobs(tree).map((job) => tree.job(job, 'block', () => 'rollup'));
        expect(describeTree(plan(contents))).toEqual(describeTree(plan(contents)));
      }),
    );
  });

  it('names its children by the circuit parameters, client proofs included', () => {
    fc.assert(
      fc.property(block, (contents) => {
        const tree = plan(contents);
        const clientProofs: string[] = [];
        for (const job of jobs(tree)) {
          const children = tree.children(job);
          expect(children.map((child) => child.param)).toEqual(CHILD_PARAMS[tree.circuit(job)]);
          const own = children.filter((child) => child.circuit !== 'client');
          expect(own.map((child) => child.proofId)).toEqual(tree.childJobs(job).map((child) => tree.jobId(child)));
          clientProofs.push(...children.filter((child) => child.circuit === 'client').map((child) => child.proofId));
        }
        expect(clientProofs.sort()).toEqual(contents.map((_, t) => tree.clientProofId(t)).sort());
      }),
    );
  });

  it('shares exactly the jobs of a common prefix with another block', () => {
    fc.assert(
      fc.property(fc.array(content, { minLength: 1, maxLength: 20 }), block, block, (prefix, tailA, tailB) => {
        fc.pre(JSON.stringify(tailA[0]) !== JSON.stringify(tailB[0]));
        const a = plan([...prefix, ...tailA]);
        const b = plan([...prefix, ...tailB]);
        for (const job of jobs(a)) {
          const [first, last] = a.span(job);
          const inB = b.indexOf(a.jobId(job));
          if (last >= prefix.length) expect(inB).toBe(-1);
          else if (a.place(job).kind !== 'join') expect(inB).toBeGreaterThanOrEqual(0);
          // A join below the prefix's end is the same in both unless it is whole in one block and cut short in the other.
          if (inB >= 0) expect(b.span(inB)).toEqual([first, last]);
        }
      }),
    );
  });

  it('sums up the remaining path as a walk to the root does', () => {
    fc.assert(
      fc.property(block, (contents) => {
        const tree = plan(contents);
        const paths = remainingPathMs(tree, durationOf);
        for (const job of jobs(tree)) expect(remainingPathOf(tree, job, durationOf)).toBe(paths[job]);
        expect(criticalPathMs(tree, (job) => durationOf(tree.circuit(job)))).toBe(Math.max(...paths));
      }),
    );
  });

  it('puts every job on the level whose name fits its circuit', () => {
    fc.assert(
      fc.property(block, (contents) => {
        const tree = plan(contents);
        const counted = tree.levels().map(() => 0);
        for (const job of jobs(tree)) {
          const level = tree.levelOf(job);
          counted[level] = at(counted, level) + 1;
          const [kind] = at(tree.levels(), level).name.split(' ');
          expect(tree.circuit(job).startsWith(kind ?? '?')).toBe(true);
        }
        expect(counted).toEqual(tree.levels().map((level) => level.jobs));
      }),
    );
  });
});

describe('planBlock', () => {
  it('names parameters as the catalogue of circuits does', () => {
    const names = Object.entries(CATALOGUE).filter(([circuit]) => circuit !== 'client');
    expect(Object.fromEntries(names.map(([circuit, spec]) => [circuit, spec.childParams]))).toEqual(CHILD_PARAMS);
  });

  it('moves an odd node up a level', () => {
    const tree = plan([1, 2, 3, 4, 5].map((salt) => ({ calls: 0, salt })));
    const joins = jobs(tree).filter((job) => tree.place(job).kind === 'join');
    const names = joins.map((job) => tree.jobId(job).replace(/\.[0-9a-f]{32}$/, ''));
    expect(names).toEqual(['merge-rollup.1.0', 'merge-rollup.1.1', 'merge-rollup.2.0', 'root-rollup.3.0']);
    expect(tree.childJobs(tree.root)).toEqual([tree.joinJob(2, 0), tree.baseJob(4)]);
    expect(tree.levels().map((level) => level.name)).toEqual(['base', 'merge 1', 'merge 2', 'root']);
  });

  it('puts a root over the one base of a single transaction', () => {
    const tree = plan([{ calls: 1, salt: 0 }]);
    expect(jobs(tree).map((job) => tree.circuit(job))).toEqual([
      'public-vm',
      'public-kernel-first',
      'base-rollup-public',
      'root-rollup-single',
    ]);
    expect(tree.children(tree.root)).toEqual([
      { param: 'child_proof', circuit: 'base-rollup-public', proofId: tree.jobId(tree.baseJob(0)) },
    ]);
  });

  it('makes lineages that anyone can recompute from the seed and the transactions', () => {
    const [seed, tx] = [sha256('seed'), sha256('tx')];
    const tree = planBlock({ lineageSeed: seed, transactionIds: [tx], callCounts: [0] });
    const lineage = createHash('sha256')
      .update(Buffer.from(seed + tx, 'hex'))
      .digest('hex')
      .slice(0, 32);
    expect(tree.jobId(0)).toBe(`base-rollup-private.0.${lineage}`);
    expect(tree.clientProofId(0)).toBe(`client.0.${lineage}`);
  });

  it('refuses shapes out of bounds and names what is wrong', () => {
    const id = sha256('tx');
    const shape = { lineageSeed: id, transactionIds: [id, id], callCounts: [0, 1] };
    expect(() => planBlock({ ...shape, transactionIds: [], callCounts: [] })).toThrow('this one has 0');
    expect(() => planBlock({ ...shape, callCounts: [1] })).toThrow('2 transactions, but 1 call counts');
    expect(() => planBlock({ ...shape, callCounts: [0, 1025] })).toThrow('tx 1: a transaction has 0 to 1024 calls');
    expect(() => planBlock({ ...shape, callCounts: [0, 0.5] })).toThrow('this one has 0.5');
    expect(() => planBlock({ ...shape, transactionIds: [id, 'abc'] })).toThrow('tx 1: id "abc"');
    expect(() => planBlock({ ...shape, lineageSeed: 'x' })).toThrow('lineage seed "x"');
    const many = { transactionIds: new Array(300).fill(id), callCounts: new Array(300).fill(1024) };
    expect(() => planBlock({ ...shape, ...many })).toThrow('at most 262144 calls, this one has 307200');
  });
});
