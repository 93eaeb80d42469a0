import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Pacer } from './pacer.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

test('runs at once, and then once an interval however often it is asked', async () => {
  const run = vi.fn();
  const pacer = new Pacer({ intervalMs: 100, run });
  pacer.ask();
  expect(run).toHaveBeenCalledTimes(1);
  for (let count = 0; count < 10; count++) pacer.ask();
  await vi.advanceTimersByTimeAsync(99);
  expect(run).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(run).toHaveBeenCalledTimes(2);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(run).toHaveBeenCalledTimes(2);
  pacer.ask();
  expect(run).toHaveBeenCalledTimes(3);
});

test('runs one at a time, and again for what was asked meanwhile', async () => {
  const ends: (() => void)[] = [];
  const pacer = new Pacer({ intervalMs: 0, run: () => new Promise((resolve) => ends.push(resolve)) });
  pacer.ask();
  pacer.ask();
  pacer.ask();
  await vi.advanceTimersByTimeAsync(10);
  expect(ends).toHaveLength(1);
  ends[0]?.();
  await vi.advanceTimersByTimeAsync(0);
  expect(ends).toHaveLength(2);
});

test('tells of the first failure in a row, and goes on', async () => {
  const troubles: string[] = [];
  const results = [new Error('one'), new Error('two'), undefined, new Error('three')];
  const run = async () => {
    const result = results.shift();
    if (result !== undefined) throw result;
  };
  const pacer = new Pacer({ intervalMs: 0, run, onTrouble: (message) => troubles.push(message) });
  while (results.length > 0) {
    pacer.ask();
    await vi.advanceTimersByTimeAsync(1);
  }
  expect(troubles).toEqual(['one', 'three']);
});

test('when closed waits for the run that is under way, and begins no other', async () => {
  const ends: (() => void)[] = [];
  const run = vi.fn(() => new Promise<void>((resolve) => ends.push(resolve)));
  const pacer = new Pacer({ intervalMs: 10, run });
  pacer.ask();
  pacer.ask();
  let isClosed = false;
  const closed = pacer.close().then(() => {
    isClosed = true;
  });
  await vi.advanceTimersByTimeAsync(100);
  expect(isClosed).toBe(false);
  ends[0]?.();
  await closed;
  pacer.ask();
  await vi.advanceTimersByTimeAsync(100);
  expect(run).toHaveBeenCalledTimes(1);
});
