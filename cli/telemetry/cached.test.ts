import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Cached } from './cached.js';

test('asks now and then, one question at a time, and says nothing when it is out of touch for too long', async () => {
  let nowMs = 0;
  const answers: ((value: number) => void)[] = [];
  const cached = new Cached(() => new Promise<number>((resolve) => answers.push(resolve)), {
    monotonicMs: () => nowMs,
  });
  const first = cached.get();
  answers[0]?.(1);
  expect(await first).toBe(1);
  expect([await cached.get(), answers.length]).toEqual([1, 1]);
  nowMs = 6_000;
  // What is known is said at once, while it is asked anew.
  expect([await cached.get(), await cached.get(), answers.length]).toEqual([1, 1, 2]);
  answers[1]?.(2);
  await setImmediate();
  expect(await cached.get()).toBe(2);
  nowMs = 12_000;
  expect([await cached.get(), answers.length]).toEqual([2, 3]);
  nowMs = 60_000;
  expect([await cached.get(), answers.length]).toEqual([undefined, 3]);
});

test('what cannot be had is not there, and is asked for again', async () => {
  let nowMs = 0;
  let isAway = true;
  const ask = async () => {
    if (isAway) throw new Error('away');
    return 'there';
  };
  const cached = new Cached(ask, { monotonicMs: () => nowMs });
  expect(await cached.get()).toBeUndefined();
  isAway = false;
  nowMs = 6_000;
  expect(await cached.get()).toBe('there');
});
