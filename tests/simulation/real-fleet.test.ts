import { join } from 'node:path';
import { expect, it } from 'vitest';
import { calmTimes, FleetSimulation } from '../../orchestrator/index.js';
import { RunJournal } from '../../orchestrator/run/index.js';
import { BUILT_IN_PROFILES, type JobId } from '../../proto/index.js';
import { BlockBench, MACHINE } from '../support/block-run.js';
import { tempFolder } from '../support/temp-folder.js';

/** Odd, with transactions of no calls and of several. */
const CALLS = [2, 0, 1, 3, 1];

/** The jobs in the order in which a simulated machine begins them. */
function simulatedOrder({ prepared }: BlockBench): readonly JobId[] {
  const started: JobId[] = [];
  const simulation = new FleetSimulation({
    profile: BUILT_IN_PROFILES.laptop,
    times: calmTimes(() => ({ kind: 'constant', ms: 0 })),
    seed: 1,
    watcher: { onStarted: ({ queued }) => started.push(queued.job.id) },
  });
  simulation.fleet.join({ name: 'laptop', resources: MACHINE });
  simulation.addBlock('block', prepared.tree);
  while (simulation.step());
  return started;
}

it('a simulated machine proves what a real worker proves with the real queue and store, in the same order', async () => {
  const bench = await BlockBench.create(CALLS);
  const journal = await RunJournal.open(join(await tempFolder(), 'journal.jsonl'));
  const { error, events } = await bench.run({ journal, prefetch: 0 });
  await journal.close();
  expect(error).toBeUndefined();
  const started = events.flatMap((event) => (event.kind === 'job-started' ? [event.jobId] : []));
  expect(started).toEqual(simulatedOrder(bench));
});
