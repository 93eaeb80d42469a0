/** An embedded cluster whose jobs do nothing, for a while if it is told to: orchestrator, queue and slots in one process. */
import { setTimeout as pause } from 'node:timers/promises';
import { MemoryJobQueue } from '../../queue/index.js';
import { machineMs, ownCpuMs, ownPeakBytes } from './clock.js';
import type { JobTimesMs } from './job-times.js';
import { keptBytes } from './kept-bytes.js';
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

/** Whoever fills a queue adds to it more often than that. */
const QUIET_MS = 100;

serveCalls({
  cpuMs: ownCpuMs,
  peakBytes: ownPeakBytes,
  /**
   * Resolves with what this process keeps of a block that has just been handed over, in bytes: when all is queued that
   * goes ahead, and nobody takes it. To be asked once, and for nothing else afterwards.
   */
  async kept(shape: TreeShape): Promise<number> {
    const before = keptBytes();
    const queue = new MemoryJobQueue();
    const waiting = async () => Object.values(await queue.counts()).reduce((sum, { waiting }) => sum + waiting, 0);
    new NoOpRun(queue.producer, treeOf(shape, 'kept'), 'kept').run().catch((error: unknown) => console.error(error));
    let last = -1;
    for (let now = 0; now !== last || now === 0; now = await waiting()) {
      last = now;
      await pause(QUIET_MS);
    }
    const grown = keptBytes() - before;
    await queue.close();
    return grown;
  },
  /** Resolves with the milliseconds from handing the planned block to the scheduler until its root is proven. */
  async run({ shape, seed, jobMs, slots }: EmbeddedRunOptions): Promise<number> {
    const queue = new MemoryJobQueue();
    const consumer = queue.consumer('bench.1');
    const serving = Array.from({ length: slots }, () => serveLeases(consumer, workFor(jobMs)));
    const run = new NoOpRun(queue.producer, treeOf(shape, seed), seed);
    const startedMs = machineMs();
    await run.run();
    const tookMs = machineMs() - startedMs;
    await queue.close();
    await Promise.all(serving);
    return tookMs;
  },
});
