/** An embedded cluster whose jobs do nothing, for a while if it is told to: orchestrator, queue and slots in one process. */
import { MemoryJobQueue } from '../../queue/index.js';
import { machineMs, ownCpuMs, ownPeakBytes } from './clock.js';
import type { JobTimesMs } from './job-times.js';
import { keptOfBlock, keptOfExecutedBlock } from './kept-of-block.js';
import { NoOpRun } from './no-op-run.js';
import { serveCalls } from './serve-calls.js';
import { serveLeases, workFor } from './serve-leases.js';
import { type TreeShape, treeOf } from './tree-shape.js';

export interface EmbeddedRunOptions {
  readonly shape: TreeShape;
  /** Makes the ids of the jobs: another for each run. */
  readonly seed: string;
  /** 0: all jobs are done at once. */
  readonly jobMs: JobTimesMs;
  readonly slots: number;
}

serveCalls({
  cpuMs: ownCpuMs,
  peakBytes: ownPeakBytes,
  /** As `keptOfBlock`. */
  kept: (shape: TreeShape) => keptOfBlock(new MemoryJobQueue(), shape),
  /** As `keptOfExecutedBlock`. */
  keptExecuted: (shape: TreeShape) => keptOfExecutedBlock(new MemoryJobQueue(), shape),
  /** Resolves with the milliseconds from handing the planned block to the scheduler until its root is proven. */
  async run({ shape, seed, jobMs, slots }: EmbeddedRunOptions): Promise<number> {
    const queue = new MemoryJobQueue();
    const consumer = queue.consumer('bench.1');
    const serving = Array.from({ length: slots }, () => serveLeases(consumer, workFor(jobMs)));
    const run = new NoOpRun(queue.producer, { id: seed, tree: treeOf(shape, seed) });
    const startedMs = machineMs();
    await run.run();
    const tookMs = machineMs() - startedMs;
    await queue.close();
    await Promise.all(serving);
    return tookMs;
  },
});
