import { describe, expect, it } from 'vitest';
import { Bench, LINEAGES_ALIKE, treeOf } from '../../tests/support/scheduler-bench.js';
import { Bitset } from '../plan/bitset.js';

const tree = treeOf('ab', [2, 0]);
const id = (job: number) => tree.jobId(job);
const [vm0, vm1, kernel0, kernel1, base0, base1, root] = [0, 1, 2, 3, 4, 5, 6].map(id) as [
  string,
  string,
  string,
  string,
  string,
  string,
  string,
];

describe('a block without faults', () => {
  it('enqueues what has no children first, with class, attempt and order', () => {
    const bench = new Bench().add('block', tree, [], 5);
    expect(bench.enqueued).toEqual([vm0, vm1, base1]);
    const [first, second] = bench.all('enqueue')[0]?.jobs ?? [];
    const { job, attempt, order } = first ?? {};
    expect(job).toEqual({ id: vm0, blockId: 'block', circuit: 'public-vm', resourceClass: 'vm', children: [] });
    expect([attempt, order]).toEqual([1, [5, -(3_000 + 25_000 + 25_000 + 12_500 + 25_500)]]);
    expect(second?.order).toEqual([5, -(3_000 + 25_000 + 12_500 + 25_500)]);
  });

  it('enqueues a parent with its last child, and deletes what the parent consumed', () => {
    const bench = new Bench().add('block', tree);
    bench.prove(vm0);
    expect(bench.commands).toMatchObject([
      { kind: 'report-proven', blockId: 'block', jobId: vm0 },
      { kind: 'enqueue', jobs: [{ job: { id: kernel0 } }] },
      { kind: 'delete-inputs', jobIds: [vm0] },
    ]);
    expect(bench.prove(vm1).enqueued).toEqual([]);
    expect(bench.prove(kernel0).enqueued).toEqual([kernel1]);
    expect(bench.ids('delete-proofs')).toEqual([vm0]);
    bench.prove(kernel1);
    expect(bench.ids('delete-proofs')).toEqual([kernel0, vm1]);
    expect(bench.prove(base0).prove(base1).enqueued).toEqual([root]);
    expect(bench.prove(root).kinds).toEqual(['report-proven', 'delete-proofs', 'delete-inputs', 'block-proven']);
    expect(bench.scheduler.snapshot('block')).toBeUndefined();
  });

  it('deletes no proof with keepProofs', () => {
    const bench = new Bench({ keepProofs: true }).add('block', tree).prove(vm0).prove(kernel0);
    expect(bench.ids('delete-proofs')).toEqual([]);
  });

  it('says how far each level is', () => {
    const bench = new Bench().add('block', tree).prove(vm0).start(base1);
    expect(bench.scheduler.snapshot('block')).toEqual({
      blockId: 'block',
      jobs: 7,
      done: 1,
      running: 1,
      levels: [
        { name: 'public-vm', jobs: 2, done: 1, running: 0, waiting: 1 },
        { name: 'public-kernel', jobs: 2, done: 0, running: 0, waiting: 2 },
        { name: 'base', jobs: 2, done: 0, running: 1, waiting: 1 },
        { name: 'root', jobs: 1, done: 0, running: 0, waiting: 1 },
      ],
    });
  });
});

describe('a block with two transactions whose lineages look alike', () => {
  const alike = treeOf(LINEAGES_ALIKE, new Array([...LINEAGES_ALIKE].length).fill(0));
  const base = (transaction: number) => alike.jobId(alike.baseJob(transaction));

  it('proves each of their jobs once, and what is above them when all below is proven', () => {
    const bench = new Bench().add('block', alike).prove(base(29));
    expect(base(29).slice(-7)).toBe(base(40).slice(-7));
    expect(bench.kinds).toEqual(['report-proven', 'delete-inputs']);
    expect(bench.prove(base(28)).enqueued).toEqual([alike.jobId(alike.joinJob(1, 14))]);
  });
});

describe('a block that was begun before', () => {
  it('proves only what no finished proof covers', () => {
    const bench = new Bench().add('block', tree, [tree.kernelJob(0, 0)]);
    expect(bench.enqueued).toEqual([vm1, base1]);
    expect(bench.scheduler.snapshot('block')?.done).toBe(2);
  });

  it('deletes proofs that a crash left below a finished one', () => {
    const bench = new Bench().add('block', tree, [tree.vmJob(0, 0), tree.kernelJob(0, 0)]);
    expect(bench.ids('delete-proofs')).toEqual([vm0]);
  });

  it('has nothing to do when the root is finished', () => {
    expect(new Bench().add('block', tree, [tree.root]).commands).toEqual([
      { kind: 'delete-inputs', jobIds: [root] },
      { kind: 'block-proven', blockId: 'block' },
    ]);
  });

  it('changes nothing when it is added twice', () => {
    expect(new Bench().add('block', tree).add('block', tree).commands).toEqual([]);
  });

  it('is refused when too many are open', () => {
    const bench = new Bench({ blocksMax: 1 }).add('block', tree);
    expect(() => bench.add('another', tree)).toThrow('1 blocks are open, and 1 may be');
  });
});

describe('failures', () => {
  it('retries after a growing backoff, as the next attempt', () => {
    const bench = new Bench().add('block', tree).start(vm0).fail(vm0, 'prover-crashed');
    expect(bench.commands).toMatchObject([
      { kind: 'report-retry', blockId: 'block', jobId: vm0, attempt: 1, delayMs: 500 },
      { kind: 'remove', jobIds: [vm0] },
      { kind: 'remember', blockId: 'block' },
      { kind: 'wake', atMs: 500 },
    ]);
    bench.tick(499);
    expect(bench.commands).toEqual([{ kind: 'wake', atMs: 500 }]);
    bench.tick(500);
    expect(bench.all('enqueue')[0]?.jobs).toMatchObject([{ job: { id: vm0 }, attempt: 2 }]);
    expect(bench.start(vm0, 2).fail(vm0, 'prover-crashed', 2).all('report-retry')[0]?.delayMs).toBe(1_000);
  });

  it('takes other budgets, and gives trouble outside as the reason itself', () => {
    const bench = new Bench({ retries: { 'store-unavailable': 1 } }).add('block', tree);
    bench.start(vm0).fail(vm0, 'store-unavailable');
    expect(bench.kinds).toContain('report-retry');
    bench.tick(60_000).start(vm0, 2).fail(vm0, 'store-unavailable', 2);
    const error = { code: 'store-unavailable', message: 'store-unavailable!' };
    expect(bench.all('block-failed')).toEqual([{ kind: 'block-failed', blockId: 'block', jobId: vm0, error }]);
  });

  it.each([
    ['witness-unsatisfied', 0],
    ['inputs-malformed', 0],
    ['out-of-memory', 1],
    ['proof-invalid', 3],
  ] as const)('fails the block once %s has used up its %i retries', (code, retries) => {
    const bench = new Bench().add('block', tree);
    for (let attempt = 1; attempt <= retries; attempt++) {
      bench.start(vm0, attempt).fail(vm0, code, attempt);
      expect(bench.kinds).toContain('report-retry');
      bench.tick(bench.nowMs + 60_000);
    }
    bench.start(vm0, retries + 1).fail(vm0, code, retries + 1);
    const error =
      retries === 0
        ? { code, message: `${code}!` }
        : {
            code: 'attempts-exhausted',
            message: `${vm0} failed ${retries + 1} times with ${code}; the last time: ${code}!`,
          };
    expect(bench.all('block-failed')).toEqual([{ kind: 'block-failed', blockId: 'block', jobId: vm0, error }]);
    expect(bench.ids('remove')).toEqual([vm0, vm1, base1]);
    expect(bench.scheduler.snapshot('block')).toBeUndefined();
  });

  it.each(['lease-lost', 'store-unavailable'] as const)('retries %s for as long as it lasts', (code) => {
    const bench = new Bench().add('block', tree);
    for (let attempt = 1; attempt <= 100; attempt++) {
      bench.start(vm0, attempt).fail(vm0, code, attempt);
      expect(bench.all('report-retry')[0]?.delayMs).toBeLessThanOrEqual(30_000);
      expect(bench.tick(bench.nowMs + 30_000).enqueued).toEqual([vm0]);
    }
  });

  it('counts each kind of failure for itself', () => {
    const bench = new Bench().add('block', tree);
    const codes = ['prover-crashed', 'proof-invalid', 'out-of-memory', 'prover-crashed', 'lease-lost'] as const;
    codes.forEach((code, i) => {
      bench.fail(vm0, code, i + 1).tick(bench.nowMs + 60_000);
    });
    expect(bench.enqueued).toEqual([vm0]);
  });

  it('ignores reports of other attempts, of unknown jobs and of jobs not in the queue', () => {
    const bench = new Bench().add('block', tree).start(vm0).fail(vm0, 'prover-crashed').tick(500).start(vm0, 2);
    expect(bench.fail(vm0, 'witness-unsatisfied', 1).commands).toEqual([]);
    expect(bench.fail(kernel0, 'witness-unsatisfied').commands).toEqual([]);
    expect(bench.fail('public-vm.9.9.00', 'witness-unsatisfied').commands).toEqual([]);
    expect(bench.prove('public-vm.9.9.00').commands).toEqual([]);
    expect(bench.prove(vm0, 2).fail(vm0, 'witness-unsatisfied', 2).commands).toEqual([]);
    expect(bench.handle({ kind: 'block-cancelled', blockId: 'unknown' }).commands).toEqual([]);
  });

  it('takes a late proof of an attempt given up, and ends the present one', () => {
    const bench = new Bench().add('block', tree).start(vm0).fail(vm0, 'lease-lost').tick(100).start(vm0, 2);
    bench.handle({ kind: 'job-proven', jobId: vm0, attempt: 1, wallMs: 1 });
    expect(bench.ids('remove')).toEqual([vm0]);
    expect(bench.enqueued).toEqual([kernel0]);
  });

  it('takes a late proof during backoff, and does not try again', () => {
    const bench = new Bench().add('block', tree).start(vm0).fail(vm0, 'lease-lost');
    bench.handle({ kind: 'job-proven', jobId: vm0, attempt: 1, wallMs: 1 });
    expect(bench.enqueued).toEqual([kernel0]);
    expect(bench.tick(100).commands).toEqual([]);
  });

  it('takes all of a cancelled block out of the queue', () => {
    const bench = new Bench().add('block', tree).start(vm0).handle({ kind: 'block-cancelled', blockId: 'block' });
    expect(bench.commands).toEqual([{ kind: 'remove', jobIds: [vm0, vm1, base1] }]);
  });
});

describe('lost proofs', () => {
  const finished = [tree.kernelJob(0, 0), tree.vmJob(0, 1)];

  it('are looked for when a job cannot read what it needs', () => {
    const bench = new Bench().add('block', tree, finished).start(kernel1).fail(kernel1, 'store-corrupt');
    expect(bench.all('check-stored')).toEqual([{ kind: 'check-stored', blockId: 'block', jobId: kernel1 }]);
  });

  it('are proven again with everything below that is gone, while the parent waits', () => {
    const bench = new Bench().add('block', tree, finished).start(kernel1).lose(kernel0);
    expect(bench.commands).toMatchObject([
      { kind: 'report-recounted', blockId: 'block' },
      { kind: 'remove', jobIds: [kernel1, kernel0, vm0] },
      { kind: 'remember', blockId: 'block' },
      { kind: 'restore-inputs', blockId: 'block', jobIds: [kernel0, vm0] },
      { kind: 'enqueue', jobs: [{ job: { id: vm0 }, attempt: 2 }] },
    ]);
    expect(bench.prove(vm0, 2).enqueued).toEqual([kernel0]);
    expect(bench.prove(kernel0, 2).all('enqueue')[0]?.jobs).toMatchObject([{ job: { id: kernel1 }, attempt: 2 }]);
  });

  it('are not made up for by late reports of the attempt that made them', () => {
    const bench = new Bench().add('block', tree).prove(vm0).prove(vm1).prove(kernel0).lose(kernel0);
    expect(bench.prove(kernel0, 1).prove(vm0, 1).commands).toEqual([]);
    expect(bench.prove(vm0, 2).enqueued).toEqual([kernel0]);
  });

  it('do not matter when nothing needs them', () => {
    const bench = new Bench({ keepProofs: true }).add('block', tree, [...finished, tree.vmJob(0, 0)]);
    expect(bench.lose(vm0).commands).toEqual([]);
    expect(bench.lose(base1).commands).toEqual([]);
    // But they are missed when what was made of them is lost in turn.
    expect(bench.lose(kernel0).enqueued).toEqual([vm0]);
  });

  it('fail the block when one is lost again and again', () => {
    const bench = new Bench().add('block', tree, finished).lose(vm1).prove(vm1, 2).lose(vm1).prove(vm1, 3).lose(vm1);
    expect(bench.prove(vm1, 4).lose(vm1).all('block-failed')[0]?.error).toMatchObject({
      code: 'store-corrupt',
      message: `the stored proof of ${vm1} was lost 4 times`,
    });
  });

  it('are deleted again when a late attempt stores one nobody needs', () => {
    const bench = new Bench().add('block', tree).prove(vm0).prove(kernel0).prove(vm0);
    expect(bench.commands).toEqual([{ kind: 'delete-proofs', jobIds: [vm0] }]);
  });
});

describe('blocks that share a prefix of transactions', () => {
  const short = treeOf('ab', [0, 0]);
  const long = treeOf('abcd', [0, 0, 0, 0]);
  const [base0, base1] = [short.jobId(0), short.jobId(1)] as [string, string];
  const shortRoot = short.jobId(short.root);
  const kept = (blockId: string, tree: typeof short, trees: readonly (typeof short)[]) => {
    return { blockId, tree, finished: new Bitset(tree.size), ageRank: 1, kept: trees };
  };
  const both = () => new Bench().add('short', short).add('long', long, [], 2);

  it('prove each shared job once, for both', () => {
    const bench = both();
    expect(bench.enqueued).toEqual([long.jobId(2), long.jobId(3)]);
    bench.prove(base0);
    expect(bench.all('report-proven').map((command) => command.blockId)).toEqual(['short', 'long']);
    expect(bench.prove(base1).enqueued).toEqual([shortRoot, long.jobId(long.joinJob(1, 0))]);
  });

  it('keep a proof until neither needs it', () => {
    const bench = both().prove(base0).prove(base1).prove(shortRoot);
    expect(bench.kinds).toEqual(['report-proven', 'delete-inputs', 'block-proven']);
    expect(bench.prove(long.jobId(long.joinJob(1, 0))).ids('delete-proofs')).toEqual([base0, base1]);
  });

  it('keep a proof that only one of those added together needs', () => {
    const added = (blockId: string, tree: typeof short, jobs: readonly number[]) => {
      return { blockId, tree, finished: Bitset.of(tree.size, jobs), ageRank: 1 };
    };
    const blocks = [added('short', short, [0, 1, short.root]), added('long', long, [0, 1])];
    const bench = new Bench().handle({ kind: 'blocks-added', blocks });
    expect(bench.ids('delete-proofs')).toEqual([]);
    expect(bench.enqueued).toEqual([2, 3, long.joinJob(1, 0)].map((job) => long.jobId(job)));
    expect(bench.all('block-proven')).toMatchObject([{ blockId: 'short' }]);
    expect(bench.prove(long.jobId(long.joinJob(1, 0))).ids('delete-proofs')).toEqual([base0, base1]);
    expect(bench.handle({ kind: 'blocks-added', blocks: blocks.slice(1) }).commands).toEqual([]);
  });

  it('leave in the queue what the other still needs', () => {
    expect(both().handle({ kind: 'block-cancelled', blockId: 'short' }).commands).toEqual([]);
    const bench = both().prove(base0).prove(base1).start(shortRoot).lose(base0);
    expect(bench.enqueued).toEqual([base0]);
    // The root of the short block was all but done: it needs the lost base no more, the long one does.
    bench.handle({ kind: 'job-proven', jobId: shortRoot, attempt: 1, wallMs: 1 });
    expect(bench.kinds).toContain('block-proven');
    expect(bench.ids('remove')).toEqual([]);
    expect(bench.ids('delete-inputs')).toEqual([shortRoot]);
    expect(bench.prove(base0, 2).enqueued).toEqual([long.jobId(long.joinJob(1, 0))]);
  });

  it('keep what one of them keeps, also when that has ended', () => {
    const bench = new Bench().handle({ kind: 'block-added', ...kept('short', short, [short]) });
    bench.add('long', long, [], 2).prove(base0).prove(base1).prove(shortRoot);
    expect(bench.ids('delete-proofs')).toEqual([]);
    expect(bench.kinds).toContain('block-proven');
    expect(bench.prove(long.jobId(long.joinJob(1, 0))).ids('delete-proofs')).toEqual([]);
    for (const job of [2, 3]) bench.prove(long.jobId(job));
    expect(bench.prove(long.jobId(long.joinJob(1, 1))).ids('delete-proofs')).toEqual([2, 3].map((j) => long.jobId(j)));
    // One that is added later is told.
    const later = new Bench()
      .handle({ kind: 'block-added', ...kept('long', long, [short]) })
      .prove(base0)
      .prove(base1);
    expect(later.prove(long.jobId(long.joinJob(1, 0))).ids('delete-proofs')).toEqual([]);
  });

  it('wait and fail together', () => {
    const bench = both().start(base0).fail(base0, 'prover-crashed');
    expect(bench.all('report-retry').map((command) => command.blockId)).toEqual(['short', 'long']);
    expect(bench.tick(500).enqueued).toEqual([base0]);
    expect(bench.fail(base0, 'witness-unsatisfied', 2).all('block-failed')).toHaveLength(2);
  });
});
