import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { WatchUpdate } from '../../client/index.js';
import type { BlockView, WatchedEventBody } from '../../proto/index.js';
import { captureContext } from '../testing/test-context.js';
import { TestTerminal } from '../testing/test-terminal.js';
import { createWatchDisplay } from './watch-display.js';

const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5);
let nowMs = NOW_MS;
const clock = { nowMs: () => nowMs, monotonicMs: () => nowMs };

beforeEach(() => {
  nowMs = NOW_MS;
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const level = (name: string, jobs: number, done: number, running: number) => ({ name, jobs, done, running });

const BLOCK: BlockView = {
  blockId: '5204d4316117'.padEnd(64, '0'),
  state: 'proving',
  transactions: 2,
  calls: 2,
  submittedAtMs: NOW_MS - 60_000,
  deadlineAtMs: NOW_MS + 420_000,
  owner: 'node-a.1f2e3d4c',
  jobs: 8,
  done: 3,
  running: 1,
  levels: [level('public-vm', 2, 2, 0), level('base', 5, 1, 1), level('root', 1, 0, 0)],
  forecast: {
    rootAtMs: NOW_MS + 130_000,
    demand: [{ resourceClass: 'rollup', queued: 3, running: 1, soon: 2, soonMs: 30_000, slots: 1 }],
    late: null,
  },
  endedAtMs: null,
  rootId: null,
  error: null,
  failedJob: null,
  keepProofs: false,
};
const LATE: BlockView = {
  ...BLOCK,
  forecast: {
    rootAtMs: NOW_MS + 480_000,
    demand: [],
    late: {
      cause: 'workers',
      resourceClass: 'rollup',
      missingSlots: 3,
      missingWorkers: 3,
      message: 'too few\u001b[2J workers',
    },
  },
};

function update(block: BlockView, event: WatchedEventBody = { kind: 'snapshot', reason: 'start', block }): WatchUpdate {
  return { cursor: '1-1', block, event: { atMs: NOW_MS, cursor: '1-1', ...event } };
}

function inTerminal(columns = 70) {
  const terminal = new TestTerminal(columns, 24);
  const env = { LANG: 'en_US.UTF-8', TERM: 'xterm', NO_COLOR: '1' };
  const { context } = captureContext({ stdout: terminal, env, clock });
  return { terminal, context, display: createWatchDisplay(context, false) };
}

it('paints progress, when the root lands, and what is asked of which class', () => {
  const { terminal, display } = inTerminal();
  display.onUpdate(update(BLOCK));
  expect(terminal.lines()).toEqual([
    '5204d4316117  proving  █████████▒▒▒░░░░░░░░░░░░  3/8  1 running  node',
    '  public-vm  █████████████████████████████  2/2',
    '  base       █████▒▒▒▒▒▒░░░░░░░░░░░░░░░░░░  1/5  1 running, 3 waiting',
    '  root       ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░  0/1  1 waiting',
    '  root in 2m 10s (03:06:15Z), 4m 50s before its deadline',
    '  rollup: 1 running on 1 slot, 3 queued, 2 soon',
  ]);
  display.stop();
  expect(terminal.isCursorVisible).toBe(true);
});

it('says who is short when it will be late, and goes on with the time while nothing happens', () => {
  const { terminal, display } = inTerminal();
  display.onUpdate(update(LATE));
  expect(terminal.lines().slice(-2)).toEqual([
    '  root in 8m 00s (03:12:05Z), 1m 00s after its deadline',
    '  LATE: too few workers',
  ]);
  nowMs += 10_000;
  vi.advanceTimersByTime(1_000);
  expect(terminal.lines().at(-2)).toBe('  root in 7m 50s (03:12:05Z), 1m 00s after its deadline');
  display.stop();
});

it('shows that the server is away until something is heard again', () => {
  const { terminal, display, context } = inTerminal();
  display.onUpdate(update(BLOCK));
  context.aside.say('the server is away: trying again');
  expect(terminal.lines().at(-1)).toBe('  the server is away: trying again');
  nowMs += 1_000;
  display.onUpdate(update(BLOCK));
  expect(terminal.lines().at(-1)).toBe('  rollup: 1 running on 1 slot, 3 queued, 2 soon');
  display.stop();
});

it('paints thousands of events a few times only, and the last of them', () => {
  const { terminal, display } = inTerminal();
  for (let done = 0; done < 5_000; done++) display.onUpdate(update({ ...BLOCK, jobs: 5_001, done }));
  const before = terminal.written.length;
  expect(before).toBeLessThan(5_000);
  vi.advanceTimersByTime(200);
  expect(terminal.lines()[0]).toContain('4,999/5,001');
  display.stop();
});

it('says in lines what matters, and how far it is every few seconds', () => {
  const { context, stdout } = captureContext({ clock });
  const display = createWatchDisplay(context, false);
  display.onUpdate(update({ ...BLOCK, state: 'queued', owner: null, jobs: 0, done: 0, running: 0, forecast: null }));
  display.onUpdate(update(BLOCK));
  for (let i = 0; i < 100; i++) display.onUpdate(update({ ...BLOCK, done: 4 }));
  nowMs += 2_000;
  display.onUpdate(update({ ...BLOCK, done: 5 }));
  const error = { code: 'prover-crashed', message: 'it fell' } as const;
  const retried = { kind: 'job-retried', jobId: 'base-rollup-public.1.ab', circuit: 'base-rollup-public' } as const;
  display.onUpdate(update({ ...BLOCK, done: 5 }, { ...retried, level: 1, attempt: 1, delayMs: 500, error }));
  display.onUpdate(update({ ...LATE, done: 5 }));
  display.onUpdate(update({ ...BLOCK, done: 5 }));
  display.onUpdate(update({ ...BLOCK, state: 'proven', endedAtMs: nowMs }));
  display.stop();
  expect(
    stdout()
      .split('\n')
      .map((line) => line.replace(/^\S+ {2}block 5204d4316117 /, '')),
  ).toEqual([
    'queued: not planned yet',
    'proving by node-a.1f2e3d4c: 3 of 8 proven, 1 running; root in 2m 10s (03:06:15Z), 4m 50s before its deadline',
    'proving by node-a.1f2e3d4c: 5 of 8 proven, 1 running; root in 2m 08s (03:06:15Z), 4m 50s before its deadline',
    expect.stringMatching(
      /: tries base-rollup-public 1 again in 500 ms: attempt 1 ended with \[prover-crashed\] it fell$/,
    ),
    'will be late: too few workers; root in 7m 58s (03:12:05Z), 1m 00s after its deadline',
    'will be in time: root in 2m 08s (03:06:15Z), 4m 50s before its deadline',
    '',
  ]);
});

it('tells no forecast when all is proven: it is older than the root', () => {
  const proven: BlockView = { ...LATE, done: 8, running: 0 };
  const { terminal, display } = inTerminal();
  display.onUpdate(update(proven));
  expect(terminal.lines().join('\n')).toMatch(/8\/8.*\n.*\n.*\n {2}root {7}\S+ {2}0\/1 {2}1 waiting$/);
  display.stop();
  const { context, stdout } = captureContext({ clock });
  const lines = createWatchDisplay(context, false);
  lines.onUpdate(update(proven));
  lines.stop();
  expect(stdout()).toMatch(/^\S+ {2}block 5204d4316117 proving by node-a\.1f2e3d4c: 8 of 8 proven, 0 running\n$/);
});

it('prints events as JSON lines, each with its cursor', () => {
  const { context, stdout } = captureContext({ clock });
  const display = createWatchDisplay(context, true);
  display.onUpdate(update(BLOCK, { kind: 'proof-lost', jobId: 'a', message: 'gone' }));
  display.stop();
  expect(stdout()).toBe(
    `${JSON.stringify({ atMs: NOW_MS, kind: 'proof-lost', cursor: '1-1', jobId: 'a', message: 'gone' })}\n`,
  );
});
