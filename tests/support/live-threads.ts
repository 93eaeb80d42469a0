import { once } from 'node:events';
import type { Worker } from 'node:worker_threads';

/**
 * Watches the threads that are started from now on. `ended` stops watching and resolves when all of them are gone: a
 * test that leaks one hangs in it and fails.
 */
export function watchThreads(): { ended(): Promise<void> } {
  const exits: Promise<unknown>[] = [];
  const onWorker = (worker: Worker) => exits.push(once(worker, 'exit'));
  process.on('worker', onWorker);
  return {
    async ended() {
      process.off('worker', onWorker);
      await Promise.all(exits);
    },
  };
}
