import { expect, test } from 'vitest';
import { firstToPrint } from './support/program.js';
import { withCluster } from './support/with-cluster.js';

const GOES_ON_WITHIN_MS = 10_000;

test('orchestrator SIGKILL: another goes on within 10 s and proves nothing again', () =>
  withCluster({ simulateMs: 400 }, async (cluster) => {
    const orchestrators = [await cluster.orchestrator('o1'), await cluster.orchestrator('o2')];
    await cluster.worker('w1');
    const block = await cluster.block([1, 1, 1, 2]);
    const id = await cluster.submit(block);
    const { program: owner } = await firstToPrint(orchestrators, 'job-proven');
    await owner.end();
    const killedAtMs = Date.now();
    const heir = orchestrators.find((other) => other !== owner);
    const planned = await heir?.until((event) => event.kind === 'planned' && event.blockId === id);
    expect(planned?.atMs).toBeLessThan(killedAtMs + GOES_ON_WITHIN_MS);
    await cluster.expectProven(block);
    await cluster.expectNothingLeft([block]);
  }));

test('two orchestrators share blocks, and never drive one together', () =>
  withCluster({ simulateMs: 50 }, async (cluster) => {
    await cluster.orchestrator('o1');
    await cluster.orchestrator('o2');
    await cluster.worker('w1');
    await cluster.worker('w2');
    const blocks = await Promise.all([1, 2, 3, 4, 5, 6].map((seed) => cluster.block([1, 0, 1], seed)));
    const ids = await Promise.all(blocks.map((block) => cluster.submit(block)));
    for (const block of blocks) await cluster.expectProven(block);
    for (const id of ids)
      expect(cluster.events.filter((event) => event.kind === 'planned' && event.blockId === id)).toHaveLength(1);
    await cluster.expectNothingLeft(blocks);
  }));
