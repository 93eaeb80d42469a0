import { describe, expect, it } from 'vitest';
import type { JobHistoryRecord } from '../../proto/index.js';
import { Bench, treeOf } from '../../tests/support/scheduler-bench.js';

const tree = treeOf('ab', [2, 0]);
const [vm0, vm1, kernel0, base1] = [0, 1, 2, 5].map((job) => tree.jobId(job)) as [string, string, string, string];

const record = (attempt: number, rest: Partial<JobHistoryRecord> = {}): JobHistoryRecord => ({
  attempt,
  failures: {},
  voidUpToAttempt: 0,
  lostOn: [],
  escalatedTo: null,
  ...rest,
});

const attemptsOf = (bench: Bench) =>
  Object.fromEntries(bench.all('enqueue').flatMap(({ jobs }) => jobs.map(({ job, attempt }) => [job.id, attempt])));

describe('what is remembered', () => {
  it('is a failure, with the attempt that will be queued next, and nothing at its end', () => {
    const bench = new Bench().add('block', tree).start(vm0).fail(vm0, 'prover-crashed');
    expect(bench.remembered('block')).toEqual(new Map([[vm0, record(2, { failures: { 'prover-crashed': 1 } })]]));
    expect(attemptsOf(bench.tick(500))).toEqual({ [vm0]: 2 });
    expect(bench.all('remember')).toEqual([]);
    expect(bench.start(vm0, 2).fail(vm0, 'lease-lost', 2, 'node-a.1').remembered('block').get(vm0)).toEqual(
      record(3, { failures: { 'prover-crashed': 1, 'lease-lost': 1 }, lostOn: ['node-a'] }),
    );
  });

  it('comes when the earlier attempt is out of the queue, and before the next is in it', () => {
    const bench = new Bench().add('block', tree, [tree.kernelJob(0, 0), tree.vmJob(0, 1)]).lose(kernel0);
    expect(bench.kinds).toEqual(['report-recounted', 'remove', 'remember', 'restore-inputs', 'enqueue']);
    expect(bench.remembered('block').get(kernel0)).toEqual(
      record(2, { voidUpToAttempt: 1, failures: { 'store-corrupt': 1 } }),
    );
  });

  it('is told to each block that has the job, and to none that has ended', () => {
    const bench = new Bench()
      .add('a', tree)
      .add('b', treeOf('ac', [2, 0]))
      .fail(vm0, 'prover-crashed');
    expect(bench.all('remember').map(({ blockId }) => blockId)).toEqual(['a', 'b']);
    bench.fail(base1, 'witness-unsatisfied');
    expect(bench.all('remember')).toEqual([]);
    expect(bench.all('block-failed').map(({ blockId }) => blockId)).toEqual(['a']);
  });

  it('is told to a block that comes to share the job later', () => {
    const bench = new Bench()
      .add('a', tree)
      .fail(vm0, 'prover-crashed')
      .add('b', treeOf('ac', [2, 0]));
    expect(bench.remembered('b').get(vm0)?.failures).toEqual({ 'prover-crashed': 1 });
  });

  it('is forgotten with the last block that has the job', () => {
    const bench = new Bench()
      .add('a', tree)
      .add('b', treeOf('ac', [2, 0]))
      .fail(vm0, 'prover-crashed');
    bench.handle({ kind: 'block-cancelled', blockId: 'a' });
    expect(attemptsOf(bench.tick(500))).toEqual({ [vm0]: 2 });
    bench.handle({ kind: 'block-cancelled', blockId: 'b' }).add('a', tree);
    expect(attemptsOf(bench)).toMatchObject({ [vm0]: 1 });
  });
});

describe('a scheduler that goes on from another', () => {
  const goOn = (histories: Readonly<Record<string, JobHistoryRecord>>, finished: readonly number[] = []) =>
    new Bench().add('block', tree, finished, 1, new Map(Object.entries(histories)));

  it('queues each job as the attempt that may be in the queue, and remembers nothing anew', () => {
    const bench = goOn({ [vm0]: record(3), 'public-vm.9.9.00': record(7) });
    expect(attemptsOf(bench)).toEqual({ [vm0]: 3, [vm1]: 1, [base1]: 1 });
    expect(bench.kinds).toEqual(['enqueue']);
  });

  it('counts failures on', () => {
    const bench = goOn({ [vm0]: record(4, { failures: { 'prover-crashed': 3 } }) }).start(vm0, 4);
    expect(bench.fail(vm0, 'prover-crashed', 4).all('block-failed')[0]?.error.code).toBe('attempts-exhausted');
  });

  it('knows which attempts do not count, and which machines died', () => {
    const bench = goOn({ [vm0]: record(2, { voidUpToAttempt: 1, lostOn: ['node-a'] }) });
    expect(bench.arrive(vm0, 1).commands).toEqual([]);
    expect(bench.fail(vm0, 'lease-lost', 2, 'node-b.1', true).all('block-failed')[0]?.error.code).toBe(
      'job-quarantined',
    );
  });

  it('queues what ran out of memory on its larger class, with the content it has in the queue', () => {
    const bench = goOn({ [vm0]: record(2, { escalatedTo: 'gpu' }) });
    expect(bench.all('enqueue')[0]?.jobs[0]?.job).toMatchObject({ id: vm0, resourceClass: 'gpu' });
  });

  it('takes what may be left of proven jobs out of the queue', () => {
    expect(goOn({ [vm0]: record(2) }, [tree.vmJob(0, 0)]).ids('remove')).toEqual([vm0]);
  });

  it('takes a later attempt than it knows for the present one', () => {
    const bench = new Bench().add('block', tree).start(vm0, 5);
    expect(bench.scheduler.snapshot('block')?.running).toBe(1);
    expect(bench.fail(vm0, 'prover-crashed', 5).remembered('block').get(vm0)?.attempt).toBe(6);
    expect(bench.fail(vm0, 'prover-crashed', 4).commands).toEqual([]);
    expect(attemptsOf(bench.tick(500))).toEqual({ [vm0]: 6 });
  });

  it('is not misled for good by a report that somebody else had queued the job', () => {
    const bench = new Bench().add('block', tree).start(vm0, 5).fail(vm0, 'prover-crashed', 1);
    expect(attemptsOf(bench.tick(500))).toEqual({ [vm0]: 2 });
  });

  it('knows the attempt in the queue better than what a second block brings', () => {
    const bench = new Bench().add('a', tree);
    bench.add('b', treeOf('ac', [2, 0]), [], 1, new Map([[vm0, record(3, { failures: { 'out-of-memory': 1 } })]]));
    expect(bench.remembered('a').get(vm0)).toEqual(record(1, { failures: { 'out-of-memory': 1 } }));
    expect(bench.fail(vm0, 'out-of-memory', 1).all('block-failed')).toHaveLength(2);
  });

  it('deletes the inputs that a death between two commands left of finished jobs', () => {
    expect(goOn({}, [tree.vmJob(0, 0)]).ids('delete-inputs')).toEqual([vm0]);
  });
});
