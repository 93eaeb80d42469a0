import { setTimeout as pause } from 'node:timers/promises';
import type { JobQueue, QueueCounts } from '../../queue/index.js';
import { keptBytes } from './kept-bytes.js';
import { NoOpRun } from './no-op-run.js';
import { type TreeShape, treeOf } from './tree-shape.js';

type CountedQueue = Pick<JobQueue, 'producer'> & { counts(): Promise<QueueCounts> };

/** Whoever fills a queue adds to it more often than that. */
const QUIET_MS = 100;

/**
 * Resolves with what this process keeps of a block that has just been handed over, in bytes: when all is queued that goes
 * ahead, and nobody takes it. To be asked once, and for nothing else afterwards.
 */
export async function keptOfBlock(queue: CountedQueue, shape: TreeShape): Promise<number> {
  const before = await keptBytes();
  const waiting = async () => Object.values(await queue.counts()).reduce((sum, { waiting }) => sum + waiting, 0);
  new NoOpRun(queue.producer, treeOf(shape, 'kept'), 'kept').run().catch((error: unknown) => console.error(error));
  let last = -1;
  for (let now = 0; now !== last || now === 0; now = await waiting()) {
    last = now;
    await pause(QUIET_MS);
  }
  return (await keptBytes()) - before;
}
