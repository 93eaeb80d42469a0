import { expect, it } from 'vitest';
import { BUILT_IN_PROFILES, resourceClassOf } from '../../../proto/index.js';
import { MemoryBlockBoard, MemoryFleet } from '../../../queue/index.js';
import { MemoryBlobStore } from '../../../store/index.js';
import { claimOne, PROVING, submittedBlock, WORK, workerInfo } from '../../../tests/support/board-samples.js';
import { DemandModel } from '../../schedule/index.js';
import { DemandSource } from './index.js';

const NOW_MS = 1_700_000_100_000;

async function startBench() {
  const board = await MemoryBlockBoard.open({ records: new MemoryBlobStore() });
  const fleet = new MemoryFleet();
  const source = new DemandSource({
    board,
    fleet,
    clock: { nowMs: () => NOW_MS, monotonicMs: () => 7 },
    classOf: (circuit) => resourceClassOf(BUILT_IN_PROFILES.production, circuit),
  });
  return { board, fleet, source };
}

it('knows the blocks of all owners, those of none too, and not those that are to be stopped', async () => {
  const { board, source } = await startBench();
  const owners = [board.owner('one'), board.owner('two')];
  for (const [i, owner] of owners.entries()) {
    await board.submit({ ...submittedBlock(`owned-${i}`), deadlineAtMs: NOW_MS + 60_000 * (i + 1) });
    await owner.note(await claimOne(owner), { ...PROVING, work: WORK });
  }
  await board.submit({ ...submittedBlock('new'), transactions: 10, calls: 20 });
  await board.submit(submittedBlock('unwanted'));
  await board.cancel('unwanted');
  const { nowMs, blocks } = await source.view();
  expect(nowMs).toBe(7);
  expect(blocks.map(({ deadlineMs }) => deadlineMs)).toEqual([60_000, 120_000, null]);
  const jobs = blocks.map(({ block }) =>
    block.groups.reduce((sum, { waiting, runningMs }) => sum + waiting + runningMs.length, 0),
  );
  // 2C + T + (T - 1) of the new one.
  expect(jobs).toEqual([7, 7, 59]);
  // What proofs take is learned from the others.
  const vm = blocks[2]?.block.groups.find(({ circuit }) => circuit === 'public-vm');
  expect(vm?.durationMs).toBe(30_000);
  const spec = { resourceClass: 'vm', podStartMs: 60_000, slotsPerWorker: 1, workersMax: 100 } as const;
  expect(new DemandModel().wanted(spec, await source.view()).workers).toBeGreaterThan(0);
});

it('counts workers for the pool of the largest class that they take, and busy ones for a moment longer', async () => {
  const { fleet, source } = await startBench();
  const slots = { vm: 1, rollup: 4 };
  await fleet.join({ ...workerInfo('a', 1), slots });
  await fleet.join({ ...workerInfo('b'), slots, idleSinceMs: NOW_MS - 1_000 });
  await fleet.join({ ...workerInfo('c'), slots, idleSinceMs: NOW_MS - 60_000 });
  await fleet.join({ ...workerInfo('d'), slots, state: 'draining' });
  await fleet.join({ ...workerInfo('e', 1), classes: ['rollup'], slots: { rollup: 2 } });
  expect((await source.view()).pools).toEqual({
    vm: { workers: 3, busy: 2, slots: { vm: 3, rollup: 12, gpu: 0 } },
    rollup: { workers: 1, busy: 1, slots: { vm: 0, rollup: 2, gpu: 0 } },
  });
});
