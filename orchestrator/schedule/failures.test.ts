import { describe, expect, it } from 'vitest';
import { Bench, treeOf } from '../../tests/support/scheduler-bench.js';

const tree = treeOf('ab', [2, 0]);
const [vm0, vm1, base1] = [0, 1, 5].map((job) => tree.jobId(job)) as [string, string, string];
const PAUSE_MS = 60_000;

describe('a job whose workers die', () => {
  it('is quarantined when the second machine died with it', () => {
    const bench = new Bench().add('block', tree).start(vm0).fail(vm0, 'lease-lost', 1, 'node-a.s1').tick(PAUSE_MS);
    bench.start(vm0, 2).fail(vm0, 'lease-lost', 2, 'node-b.s1');
    expect(bench.all('block-failed')).toEqual([
      {
        kind: 'block-failed',
        blockId: 'block',
        jobId: vm0,
        error: {
          code: 'job-quarantined',
          message: `job ${vm0} was being proven when workers on two machines died: node-a, node-b`,
          remedy: `look into it on a machine of its own: espalier replay ${vm0}`,
        },
      },
    ]);
    expect(bench.ids('remove')).toEqual([vm0, vm1, base1]);
  });

  it('is tried again for ever on one machine, and where nobody knows whose attempt it was', () => {
    const bench = new Bench().add('block', tree);
    for (let attempt = 1; attempt <= 50; attempt++) {
      bench.start(vm0, attempt);
      bench.fail(vm0, 'lease-lost', attempt, attempt % 2 === 0 ? `node-a.s${attempt}` : undefined);
      expect(bench.tick(bench.nowMs + PAUSE_MS).enqueued).toEqual([vm0]);
    }
  });

  it.each([
    { told: false, heard: true },
    { told: undefined, heard: false },
  ])('is not blamed where its proof had not begun (told: $told, heard to start: $heard)', ({ told, heard }) => {
    const bench = new Bench().add('block', tree);
    for (let attempt = 1; attempt <= 10; attempt++) {
      if (heard) bench.start(vm0, attempt);
      bench.fail(vm0, 'lease-lost', attempt, `node-${attempt}.s`, told);
      expect([bench.all('block-failed'), bench.remembered('block').get(vm0)?.lostOn]).toEqual([[], []]);
      bench.tick(bench.nowMs + PAUSE_MS);
    }
  });

  it('is blamed where the queue knows that its proof had begun, though nobody was told', () => {
    const bench = new Bench().add('block', tree).fail(vm0, 'lease-lost', 1, 'node-a.s', true).tick(PAUSE_MS);
    expect(bench.fail(vm0, 'lease-lost', 2, 'node-b.s', true).all('block-failed')).toHaveLength(1);
  });

  it('is not blamed for workers that gave it back', () => {
    const bench = new Bench().add('block', tree);
    for (let attempt = 1; attempt <= 10; attempt++) {
      expect(bench.fail(vm0, 'cancelled', attempt, `node-${attempt}.s`).all('block-failed')).toEqual([]);
      bench.tick(bench.nowMs + PAUSE_MS);
    }
  });

  it('is not blamed for the same death twice, nor for that of an earlier attempt', () => {
    const bench = new Bench().add('block', tree).fail(vm0, 'lease-lost', 1, 'node-a.s1', true);
    expect(bench.fail(vm0, 'lease-lost', 1, 'node-b.s1').commands).toEqual([]);
    expect(bench.tick(PAUSE_MS).fail(vm0, 'lease-lost', 1, 'node-b.s1').commands).toEqual([]);
  });
});

describe('a job that runs out of memory', () => {
  const larger = { largerClass: (of: string) => (of === 'rollup' ? 'vm' : undefined) } as const;

  it('is tried once more on the next larger class, and stays there', () => {
    const bench = new Bench(larger).add('block', tree).fail(base1, 'out-of-memory');
    expect(bench.remembered('block').get(base1)?.escalatedTo).toBe('vm');
    expect(bench.tick(PAUSE_MS).all('enqueue')[0]?.jobs[0]).toMatchObject({ job: { resourceClass: 'vm' }, attempt: 2 });
    bench.fail(base1, 'prover-crashed', 2).tick(2 * PAUSE_MS);
    expect(bench.all('enqueue')[0]?.jobs[0]).toMatchObject({ job: { resourceClass: 'vm' }, attempt: 3 });
    expect(bench.fail(base1, 'out-of-memory', 3).all('block-failed')[0]?.error.code).toBe('attempts-exhausted');
  });

  it('is tried once more on the same class where none is larger', () => {
    const bench = new Bench(larger).add('block', tree).fail(vm0, 'out-of-memory').tick(PAUSE_MS);
    expect(bench.all('enqueue')[0]?.jobs[0]).toMatchObject({ job: { resourceClass: 'vm' }, attempt: 2 });
    expect(bench.fail(vm0, 'out-of-memory', 2).all('block-failed')).toHaveLength(1);
  });
});

describe('a worker at fault', () => {
  const REASON = '3 jobs failed through its own fault, the last with proof-invalid';
  const wide = treeOf('abcdefgh', new Array(8).fill(0));
  const base = (t: number) => wide.jobId(wide.baseJob(t));

  it('is drained with the third bad proof, once', () => {
    const bench = new Bench().add('block', wide);
    const drains = [0, 1, 2, 3, 4].map((t) => bench.fail(base(t), 'proof-invalid', 1, 'node-a.s').all('drain-worker'));
    const drain = { kind: 'drain-worker', workerId: 'node-a.s', reason: REASON };
    expect(drains).toEqual([[], [], [drain], [], []]);
  });

  it('is drained with the third that was stored, too', () => {
    const bench = new Bench().add('block', wide);
    for (const t of [0, 1, 2]) bench.arrive(base(t), 1);
    const drains = [0, 1, 2].map((t) => bench.lose(base(t), 'node-a.s').all('drain-worker').length);
    expect(drains).toEqual([0, 0, 1]);
  });

  it.each([
    'prover-unavailable',
    'srs-missing',
    'srs-invalid',
    'srs-unsupported',
    'circuits-missing',
    'internal',
  ] as const)('is drained with the third %s, while the job goes on elsewhere', (code) => {
    const bench = new Bench().add('block', wide);
    const drains = [1, 2, 3].map((attempt) => {
      const [drain] = bench.fail(base(0), code, attempt, 'node-a.s').all('drain-worker');
      expect(bench.tick(bench.nowMs + 5_000).enqueued).toEqual([base(0)]);
      return drain?.workerId;
    });
    expect(drains).toEqual([undefined, undefined, 'node-a.s']);
    expect(bench.prove(base(0), 4).kinds).toContain('report-proven');
  });

  it('is no reason to blame the job, whose block fails for what is to be mended', () => {
    const bench = new Bench().add('block', wide);
    for (const attempt of [1, 2, 3]) bench.fail(base(0), 'srs-missing', attempt).tick(bench.nowMs + 5_000);
    expect(bench.fail(base(0), 'srs-missing', 4).all('block-failed')[0]?.error).toEqual({
      code: 'srs-missing',
      message: 'srs-missing!',
    });
  });

  it('is not confused with others, and other failures are not held against it', () => {
    const bench = new Bench().add('block', wide);
    for (const [t, workerId] of ['node-a.s', 'node-a.t', 'node-b.s', undefined].entries()) {
      expect(bench.fail(base(t), 'proof-invalid', 1, workerId).all('drain-worker')).toEqual([]);
    }
    for (const t of [4, 5, 6])
      expect(bench.fail(base(t), 'prover-crashed', 1, 'node-a.s').all('drain-worker')).toEqual([]);
  });
});

it('lets no job wait for more than a second, however often its workers die', () => {
  const bench = new Bench().add('block', tree);
  for (let attempt = 1; attempt <= 12; attempt++) {
    const code = attempt % 2 === 0 ? 'lease-lost' : 'cancelled';
    expect(bench.fail(vm0, code, attempt, 'node-a.s').all('report-retry')[0]?.delayMs).toBeLessThanOrEqual(1_000);
    expect(bench.tick(bench.nowMs + 1_000).enqueued).toEqual([vm0]);
  }
});

describe('trouble outside', () => {
  it.each(['queue-unavailable', 'queue-full', 'store-unavailable', 'disk-full'] as const)(
    '%s has no budget',
    (code) => {
      const bench = new Bench().add('block', tree);
      for (let attempt = 1; attempt <= 30; attempt++) {
        expect(bench.fail(vm0, code, attempt, `node-${attempt}.s`).all('report-retry')[0]?.delayMs).toBeLessThanOrEqual(
          5_000,
        );
        expect(bench.tick(bench.nowMs + 5_000).enqueued).toEqual([vm0]);
      }
    },
  );
});
