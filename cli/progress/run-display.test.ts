import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { RunEvent } from '../../proto/index.js';
import { planned, SAMPLE_LEVELS, sampleRun, started } from '../testing/sample-events.js';
import { CapturedStream, captureContext } from '../testing/test-context.js';
import { TestTerminal } from '../testing/test-terminal.js';
import { JsonLinesWriter } from './json-lines-writer.js';
import { createRunDisplay, type RunDisplay } from './run-display.js';
import { TerminalDisplay } from './terminal-display.js';

const WARNING: RunEvent = { kind: 'warning', atMs: 0, code: 'development-srs', message: 'proofs can be forged' };
const PLAN = planned(SAMPLE_LEVELS, { transactions: 4, calls: 6 });

/** A clock that stands still, so that nothing repaints but by events. */
const clock = { nowMs: () => 1_000, monotonicMs: () => 1_000 };
let open: RunDisplay[] = [];

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  for (const display of open) display.stop();
  open = [];
  vi.useRealTimers();
});

function inTerminal(env: Record<string, string> = {}, json = false, columns = 80) {
  const terminal = new TestTerminal(columns, 24);
  const { context, stderr } = captureContext({ stdout: terminal, clock, env: { LANG: 'C.UTF-8', ...env } });
  const display = createRunDisplay(context, { json });
  open.push(display);
  return { terminal, display, context, stderr };
}

it('repaints in a terminal, and prints lines with --json, in CI, in a dumb terminal and without one', () => {
  expect(inTerminal().display).toBeInstanceOf(TerminalDisplay);
  expect(inTerminal({ CI: 'false' }).display).toBeInstanceOf(TerminalDisplay);
  expect(inTerminal({}, true).display).toBeInstanceOf(JsonLinesWriter);
  expect(inTerminal({ CI: 'true' }).display).toBeInstanceOf(JsonLinesWriter);
  expect(inTerminal({ TERM: 'dumb' }).display).toBeInstanceOf(JsonLinesWriter);
  const { context } = captureContext({ stdout: new CapturedStream() });
  expect(createRunDisplay(context, { json: false })).toBeInstanceOf(JsonLinesWriter);
});

it('writes each event as one line of JSON', () => {
  const { context, stdout } = captureContext();
  const display = createRunDisplay(context, { json: true });
  const events = sampleRun(() => 1_000);
  for (const event of events) display.onEvent(event);
  display.stop();
  const lines = stdout().trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toEqual(events);
});

it('repaints at a bounded rate, however many events come', () => {
  const { terminal, display } = inTerminal();
  const write = vi.spyOn(terminal, 'write');
  for (const event of sampleRun(() => 1_000)) display.onEvent(event);
  expect(write).not.toHaveBeenCalled();
  vi.advanceTimersByTime(200);
  expect(write).toHaveBeenCalledTimes(1);
  expect(terminal.lines().join('\n')).toContain('19 of 19 proofs');
  vi.advanceTimersByTime(10_000);
  expect(write).toHaveBeenCalledTimes(1);
});

it('prints a warning once, above the frame, for good', () => {
  const { terminal, display } = inTerminal();
  for (const event of [WARNING, PLAN, WARNING]) display.onEvent(event);
  vi.advanceTimersByTime(200);
  display.onEvent(WARNING);
  display.onEvent(started('public-vm', '0.0', 0, 1_000));
  vi.advanceTimersByTime(200);
  display.stop();
  const lines = terminal.everything();
  expect(lines[0]).toBe('WARNING: proofs can be forged');
  expect(lines.filter((line) => line.includes('forged'))).toHaveLength(1);
  expect(lines.filter((line) => line.startsWith('block'))).toHaveLength(1);
});

it('shows what is said aside without tearing the frame, and gives the terminal back when stopped', () => {
  const { terminal, display, context, stderr } = inTerminal();
  display.onEvent(PLAN);
  vi.advanceTimersByTime(200);
  context.aside.say('stopping; press Ctrl-C again to quit at once');
  vi.advanceTimersByTime(200);
  expect(terminal.lines().slice(0, 2)).toEqual([
    'stopping; press Ctrl-C again to quit at once',
    expect.stringMatching(/^block 3f9a/),
  ]);
  const listeners = process.listenerCount('exit');
  display.stop();
  display.stop();
  expect(terminal.isCursorVisible).toBe(true);
  expect(process.listenerCount('exit')).toBe(listeners - 1);
  context.aside.say('later');
  expect(stderr()).toBe('later\n');
});

it('has colours unless NO_COLOR is set, and bars of ASCII where the locale is not UTF-8', () => {
  const paint = (env: Record<string, string>): string => {
    const { terminal, display } = inTerminal(env);
    display.onEvent(PLAN);
    display.stop();
    return terminal.written;
  };
  expect(paint({})).toContain('\u001b[2m░');
  expect(paint({ NO_COLOR: '1' })).not.toContain('m░');
  expect(paint({ LANG: 'C' })).toMatch(/\.{6}/);
});
