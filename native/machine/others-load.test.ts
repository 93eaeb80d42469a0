import { expect, it } from 'vitest';
import { othersMs, watchOthers } from './others-load.js';

/** user nice system idle iowait irq softirq steal guest guest_nice */
const STAT = 'cpu  100 20 30 9000 500 4 5 6 0 0\ncpu0 50 10 15 4500 250 2 2 3 0 0\nintr 1 2 3\n';
/** utime 40, stime 10, cutime 60, cstime 15; a name that looks like fields. */
const OWN = '77 (a b) 1 2) S 1 77 77 0 -1 4194304 9 9 9 9 40 10 60 15 20 0 11 0 100 1 2\n';
const CHILD = '78 (bb) S 77 78 78 0 -1 4194304 9 9 9 9 5 2 0 0 20 0 11 0 100 1 2\n';

it("is all that was busy, less our own and our children's", () => {
  const busy = 100 + 20 + 30 + 4 + 5 + 6;
  expect(othersMs(STAT, [OWN])).toBe((busy - (40 + 10 + 60 + 15)) * 10);
  expect(othersMs(STAT, [OWN, CHILD])).toBe((busy - (40 + 10 + 60 + 15) - 7) * 10);
});

it('is between none and all cores on this machine', async () => {
  const others = watchOthers();
  const endMs = performance.now() + 100;
  while (performance.now() < endMs);
  expect(others()).toBeGreaterThanOrEqual(0);
  expect(others()).toBeLessThan(1_024);
});
