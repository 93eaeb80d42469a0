import { expect, it } from 'vitest';
import type { Lateness, RunEventBody } from '../../proto/index.js';
import { planned, proven, started } from '../testing/sample-events.js';
import { CapturedStream } from '../testing/test-context.js';
import { BlockLog } from './block-log.js';
import { JsonLines } from './json-lines.js';
import { ProcessLog } from './process-log.js';
import { TextLines } from './text-lines.js';

const BLOCK = 'ab'.repeat(32);

function watched(json = false) {
  const stream = new CapturedStream();
  let nowMs = 0;
  const clock = { nowMs: () => 0, monotonicMs: () => nowMs };
  const lines = json ? new JsonLines(stream) : new TextLines(stream, { colour: false });
  const blocks = new BlockLog(new ProcessLog(lines, { clock }), clock);
  return {
    say(event: RunEventBody, atMs = nowMs) {
      nowMs = atMs;
      blocks.onEvent(BLOCK, event);
    },
    lines: () =>
      stream.text
        .trim()
        .split('\n')
        .map((line) => line.replace('1970-01-01T00:00:00Z  block abababababab ', '')),
  };
}

const plan = planned([{ name: 'base', jobs: 4 }], { transactions: 4, calls: 0, alreadyProvenByLevel: [1] });

it('says of a block when it is planned, how far it is now and then, and how it ended', () => {
  const { say, lines } = watched();
  for (const done of [0, 4]) say({ kind: 'phase', phase: 'client-proofs', done, total: 4 });
  say(plan);
  say(started('base-rollup-private', '1', 0, 0), 100);
  say(started('base-rollup-private', '2', 0, 0), 100);
  say(proven('base-rollup-private', '1', 0, 0, 900), 1_000);
  say(proven('base-rollup-private', '3', 0, 0, 900), 6_000);
  say({ kind: 'block-proven', blockId: BLOCK, proven: 3, makespanMs: 7_000, criticalPathMs: 2_000 });
  expect(lines()).toEqual([
    'is claimed, and checked',
    'is planned: 4 transactions, 0 calls, 4 proofs to make, 1 of them proven already',
    '3 of 4 proven, 1 running',
    'is proven: 3 proofs in 7.0 s, longest chain 2.0 s',
  ]);
});

it('says what went wrong, and what to do about a job that failed for good', () => {
  const { say, lines } = watched();
  const job = { jobId: 'public-vm.0.1.ab', circuit: 'public-vm', level: 0 } as const;
  say({ kind: 'job-retried', ...job, attempt: 1, delayMs: 2_000, error: { code: 'prover-crashed', message: 'died' } });
  say({ kind: 'proof-corrupt', jobId: job.jobId, message: 'cut off' });
  const missing = { resourceClass: 'vm', missingSlots: 2, missingWorkers: 2, message: '2 more vm workers would do' };
  say({ kind: 'lateness', rootAtMs: 1_000, late: { cause: 'workers', ...missing } as Lateness });
  say({ kind: 'lateness', rootAtMs: 1_000, late: null });
  say({
    kind: 'block-failed',
    blockId: BLOCK,
    jobId: job.jobId,
    error: { code: 'witness-unsatisfied', message: 'no' },
  });
  say({ kind: 'block-failed', blockId: BLOCK, jobId: null, error: { code: 'cancelled', message: 'cancelled' } });
  expect(lines()).toEqual([
    'tries public-vm 0.1 again in 2.0 s: attempt 1 ended with [prover-crashed] died',
    'makes public-vm 0.1 again, as its proof is of no use: cut off',
    'will be late: 2 more vm workers would do',
    'is expected in time again',
    'failed at public-vm 0.1 (`espalier replay public-vm.0.1.ab`): [witness-unsatisfied] no',
    'is cancelled',
  ]);
});

it('tells a program of every event, with its block', () => {
  const { say, lines } = watched(true);
  say(plan);
  say(started('base-rollup-private', '1', 0, 0));
  expect(lines().map((line) => JSON.parse(line))).toMatchObject([
    { kind: 'planned', blockId: BLOCK, jobs: 4 },
    { kind: 'job-started', blockId: BLOCK, jobId: expect.stringMatching(/^base-rollup-private\.1\./) },
  ]);
});
