import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CircuitName, RunEvent } from '../../proto/index.js';
import { jobId, planned, proven, SAMPLE_LEVELS, sampleRun, started } from '../testing/sample-events.js';
import { DEFAULT_JOB_MS } from './job-durations.js';
import { ProgressModel } from './progress-model.js';

function viewAfter(events: readonly RunEvent[], nowMs = 0) {
  const model = new ProgressModel();
  for (const event of events) model.apply(event);
  return model.view(nowMs);
}

const PLAN = planned(SAMPLE_LEVELS, { transactions: 4, calls: 6 });

function anyEvent(kind: string, level: number, position: string, atMs: number, tookMs: number): RunEvent {
  const circuit = (['public-vm', 'public-kernel-next', 'base-rollup-private', 'merge-rollup'] as const)[level % 4];
  if (circuit === undefined) throw new Error('unreachable');
  const id = jobId(circuit, position);
  if (kind === 'start') return started(circuit, position, level, atMs);
  if (kind === 'prove') return proven(circuit, position, level, atMs, atMs + tookMs);
  if (kind === 'corrupt') return { kind: 'proof-corrupt', atMs, jobId: id, message: 'checksum' };
  const error = { code: 'prover-crashed', message: 'gone' } as const;
  return { kind: 'job-retried', atMs, jobId: id, circuit, level, attempt: 1, error, delayMs: 0 };
}

describe('counting', () => {
  it('knows done, running and waiting of each level', () => {
    const { levels, jobs, done, slowest, running } = viewAfter(
      [
        PLAN,
        started('public-vm', '0.0', 0, 0),
        started('public-vm', '0.1', 0, 0),
        proven('public-vm', '0.0', 0, 0, 3_000),
        started('public-kernel-first', '0.0', 1, 3_000),
      ],
      5_000,
    );
    expect({ jobs, done }).toEqual({ jobs: 19, done: 1 });
    expect(levels[0]).toEqual({ name: 'public-vm', jobs: 6, done: 1, running: 1, waiting: 4 });
    expect(levels[1]).toMatchObject({ done: 0, running: 1, waiting: 5 });
    expect(slowest).toEqual({ jobId: jobId('public-vm', '0.0'), circuit: 'public-vm', wallMs: 3_000 });
    expect(running.map((job) => job.elapsedMs)).toEqual([5_000, 2_000]);
  });

  it('starts from the proofs of earlier runs', () => {
    const view = viewAfter([
      planned(SAMPLE_LEVELS, { transactions: 4, calls: 6, alreadyProvenByLevel: [6, 3, 0, 0, 0] }),
    ]);
    expect(view).toMatchObject({ done: 9, alreadyProven: 9, proofsPerMinute: null });
    expect(view.levels[0]).toMatchObject({ done: 6, waiting: 0 });
  });

  it('counts a job once that is reported twice', () => {
    const event = proven('public-vm', '0.0', 0, 0, 1_000);
    expect(viewAfter([PLAN, event, event]).done).toBe(1);
  });

  it('takes back a proof of this run that turns out to be corrupt, and one of an earlier run when it is begun again', () => {
    const corrupt = (position: string): RunEvent => {
      return { kind: 'proof-corrupt', atMs: 2_000, jobId: jobId('public-vm', position), message: 'checksum' };
    };
    const own = [PLAN, proven('public-vm', '0.0', 0, 0, 1_000), corrupt('0.0')];
    expect(viewAfter(own).done).toBe(0);
    expect(viewAfter([...own, proven('public-vm', '0.0', 0, 2_000, 3_000)]).done).toBe(1);

    const resumed = planned(SAMPLE_LEVELS, { transactions: 4, calls: 6, alreadyProvenByLevel: [6, 0, 0, 0, 0] });
    const again = [resumed, corrupt('0.0'), started('public-vm', '0.0', 0, 2_000)];
    expect(viewAfter(again)).toMatchObject({ done: 5, alreadyProven: 5, runningCount: 1 });
    expect(viewAfter([...again, proven('public-vm', '0.0', 0, 2_000, 3_000)])).toMatchObject({ done: 6 });
  });

  it('counts proofs a minute by this run alone, from its first job on', () => {
    const events = [
      planned(SAMPLE_LEVELS, { transactions: 4, calls: 6, alreadyProvenByLevel: [4, 0, 0, 0, 0] }),
      started('public-vm', '1', 0, 60_000),
      proven('public-vm', '1', 0, 60_000, 75_000),
      started('public-vm', '2', 0, 75_000),
      proven('public-vm', '2', 0, 75_000, 90_000),
    ];
    expect(viewAfter(events, 90_000).proofsPerMinute).toBeCloseTo(4);
  });

  it('stops its clock when the run ends', () => {
    const end: RunEvent = {
      kind: 'block-proven',
      atMs: 9_000,
      blockId: 'f'.repeat(64),
      proven: 19,
      makespanMs: 9_000,
      criticalPathMs: 4_000,
    };
    expect(viewAfter([PLAN, end], 99_000)).toMatchObject({ elapsedMs: 9_000, timeLeftMs: 0, runningCount: 0 });
  });
});

describe('notices', () => {
  it('says each warning once, and every retry', () => {
    const warning: RunEvent = { kind: 'warning', atMs: 0, code: 'development-srs', message: 'proofs can be forged' };
    const retry: RunEvent = {
      kind: 'job-retried',
      atMs: 1,
      jobId: jobId('merge-rollup', '1.0'),
      circuit: 'merge-rollup',
      level: 3,
      attempt: 1,
      error: { code: 'prover-crashed', message: 'bb ended with signal 9' },
      delayMs: 2_000,
    };
    const view = viewAfter([warning, PLAN, warning, retry, { ...retry, attempt: 2 }, warning]);
    expect(view.notices.map((notice) => notice.text)).toEqual([
      'proofs can be forged',
      'merge-rollup 1.0 failed in attempt 1, trying again in 2.0 s: [prover-crashed] bb ended with signal 9',
      'merge-rollup 1.0 failed in attempt 2, trying again in 2.0 s: [prover-crashed] bb ended with signal 9',
    ]);
    expect(view).toMatchObject({ retries: 2, noticeCount: 3 });
  });

  it('keeps a bounded number of them, and knows how many there were', () => {
    const model = new ProgressModel();
    for (let attempt = 0; attempt < 1_000; attempt++) {
      model.apply({ kind: 'proof-corrupt', atMs: 0, jobId: jobId('public-vm', `${attempt}`), message: 'x' });
    }
    const { notices, noticeCount } = model.view(0);
    expect(noticeCount).toBe(1_000);
    expect(notices).toHaveLength(100);
    expect(notices.at(-1)?.text).toContain('public-vm 999');
  });
});

describe('time left', () => {
  /** A machine three times slower than the defaults, on which joins take longer still. */
  const msOf = (circuit: CircuitName): number => DEFAULT_JOB_MS[circuit] * (circuit === 'merge-rollup' ? 4 : 3);
  const events = sampleRun(msOf);
  const endMs = Math.max(...events.map((event) => event.atMs));

  /** Error of the estimate after each event, relative to what was truly left. */
  function errors(): { done: number; error: number }[] {
    const model = new ProgressModel();
    return events.flatMap((event) => {
      model.apply(event);
      const { timeLeftMs, done } = model.view(event.atMs);
      const trueMs = endMs - event.atMs;
      return trueMs === 0 || timeLeftMs === null ? [] : [{ done, error: Math.abs(timeLeftMs - trueMs) / trueMs }];
    });
  }

  it('is unknown before the plan, a guess after it, and closer to the truth with measurements', () => {
    expect(viewAfter([]).timeLeftMs).toBeNull();
    expect(viewAfter([PLAN])).toMatchObject({ isEstimateMeasured: false, timeLeftMs: expect.any(Number) });
    const atStart = errors().find(({ done }) => done === 0)?.error ?? 0;
    const afterFirst = Math.max(
      ...errors()
        .filter(({ done }) => done >= 2 && done < 12)
        .map(({ error }) => error),
    );
    const afterJoins = Math.max(
      ...errors()
        .filter(({ done }) => done >= 18)
        .map(({ error }) => error),
    );
    expect(atStart).toBeGreaterThan(0.3);
    expect(afterFirst).toBeLessThan(0.25);
    expect(afterJoins).toBeLessThan(0.15);
  });

  it('takes a job for as long as its work, whatever it waited for cores', () => {
    const plan = planned([{ name: 'public-vm', jobs: 2 }], { transactions: 1, calls: 2 });
    const done = proven('public-vm', '0.0', 0, 0, 10_000);
    if (done.kind !== 'job-proven') throw new Error('unreachable');
    const timings = { ...done.summary.timings, queuedMs: 9_000, proveMs: 1_000 };
    const waited: RunEvent = { ...done, summary: { ...done.summary, timings } };
    expect(viewAfter([plan, started('public-vm', '0.0', 0, 9_000), waited], 10_000).timeLeftMs).toBe(1_000);
  });

  it('is never less than the rest of a sequence of kernels, however many machines there are', () => {
    const oneTransaction = planned(
      [
        { name: 'public-vm', jobs: 8 },
        { name: 'public-kernel', jobs: 8 },
        { name: 'base', jobs: 1 },
        { name: 'root', jobs: 1 },
      ],
      { transactions: 1, calls: 8 },
    );
    const running = Array.from({ length: 8 }, (_, call) => started('public-vm', `0.${call}`, 0, 0));
    const { timeLeftMs } = viewAfter([oneTransaction, ...running], 0);
    const chainMs =
      DEFAULT_JOB_MS['public-vm'] +
      8 * DEFAULT_JOB_MS['public-kernel-first'] +
      DEFAULT_JOB_MS['base-rollup-public'] +
      DEFAULT_JOB_MS['root-rollup-single'];
    expect(timeLeftMs).toBeGreaterThanOrEqual(chainMs);
  });

  it('is a number of at least 0, and counts stay in their bounds, in any order of events', () => {
    const times = fc.tuple(fc.integer({ min: -1_000, max: 100_000 }), fc.integer({ min: -10, max: 10_000 }));
    const step = fc.tuple(fc.constantFrom('start', 'prove', 'retry', 'corrupt'), fc.nat(6), fc.nat(8), times);
    fc.assert(
      fc.property(fc.array(step), fc.integer({ min: -1_000, max: 200_000 }), (steps, nowMs) => {
        const events = steps.map(([kind, level, job, [atMs, tookMs]]) => anyEvent(kind, level, `${job}`, atMs, tookMs));
        const view = viewAfter([PLAN, ...events], nowMs);
        expect(view.timeLeftMs).toSatisfy((ms: number) => Number.isFinite(ms) && ms >= 0);
        expect(view.elapsedMs).toBeGreaterThanOrEqual(0);
        expect(view.proofsPerMinute ?? 0).toSatisfy((rate: number) => Number.isFinite(rate) && rate >= 0);
        for (const { jobs, done, running, waiting } of view.levels) {
          expect(Math.min(done, running, waiting)).toBeGreaterThanOrEqual(0);
          expect(done + running + waiting).toBe(jobs);
        }
      }),
    );
  });
});
