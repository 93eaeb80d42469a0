import { expect, it } from 'vitest';
import { Completions } from './completions.js';

it('tells whoever waits when there are so many, at once where there are, and counts anew', async () => {
  const completions = new Completions();
  const two = completions.reached(2);
  const five = completions.reached(5);
  for (const atMs of [10, 20, 30]) completions.add(atMs);
  expect(await two).toEqual({ count: 2, lastMs: 20 });
  expect(await completions.reached(1)).toEqual({ count: 3, lastMs: 30 });
  completions.reset();
  expect(await five).toEqual({ count: 3, lastMs: 30 });
  expect(await completions.reached(0)).toEqual({ count: 0, lastMs: 0 });
});
