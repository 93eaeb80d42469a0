import { expect, test } from 'vitest';
import { describeFleet } from '../../tests/conformance/fleet.js';
import { workerInfo } from '../../tests/support/board-samples.js';
import { MemoryFleet } from './memory-fleet.js';

describeFleet('MemoryFleet', async () => {
  const fleet = new MemoryFleet();
  return { fleet, join: async (info) => fleet.join(info) };
});

test('a worker is there once', () => {
  const fleet = new MemoryFleet();
  fleet.join(workerInfo('m1.x'));
  expect(() => fleet.join(workerInfo('m1.x'))).toThrow('worker m1.x is in the fleet already');
});
