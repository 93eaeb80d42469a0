import { expect, test } from 'vitest';
import { EmptyFleet } from './empty-fleet.js';

test('jobs that wait for a fleet without workers are told of after a while, and once a minute', () => {
  const told: unknown[] = [];
  let atMs = 0;
  const fleet = new EmptyFleet(({ code, message }) => told.push([atMs, code, message]));
  for (; atMs < 120_000; atMs += 2_000) fleet.look(0, 3, atMs);
  const what = ['resources-insufficient', 'no worker is alive, and 3 jobs wait'];
  expect(told).toEqual([
    [10_000, ...what],
    [70_000, ...what],
  ]);
});

test('a worker, or nothing to do, begins the wait anew', () => {
  let told = 0;
  const fleet = new EmptyFleet(() => {
    told += 1;
  });
  for (const [workers, jobs, atMs] of [
    [0, 3, 0],
    [1, 3, 9_000],
    [0, 3, 11_000],
    [0, 0, 20_000],
    [0, 3, 22_000],
    [0, 3, 31_000],
  ] as const) {
    fleet.look(workers, jobs, atMs);
  }
  expect(told).toBe(0);
  fleet.look(0, 3, 32_000);
  expect(told).toBe(1);
});
