import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inFreshProcess } from '../fresh-process.js';
import { median } from '../median.js';
import { BenchRedis } from '../queue/bench-redis.js';
import { type HalfProvenBlock, makeHalfProvenBlock } from '../restart/half-proven-block.js';
import type { Restart } from '../restart/restart-once.js';
import type { Row, Scope } from '../scope.js';

/** Of the RFP's largest block, and what issue 5 allows for it. */
const LARGEST = 61_440;
const RESTART_S_MAX = 10;

export const restart: Scope = {
  description: 'an orchestrator takes up the largest block, half proven: from its start to the first jobs in the queue',
  repetitions: 3,
  run: ({ repetitions, progress }) => measureRestart({ transactions: LARGEST }, repetitions, progress),
};

/**
 * Each time in a process of its own, which the owner before has given the block to: not in it is the time until a dead one
 * is missed. The jobs that the one before queued are there still: also the first time, after one that is not timed.
 */
export async function measureRestart(
  { transactions }: { readonly transactions: number },
  repetitions: number,
  progress: (line: string) => void,
): Promise<readonly Row[]> {
  const storeFolder = await mkdtemp(join(tmpdir(), 'espalier-restart-'));
  const redis = await BenchRedis.start();
  try {
    const block = await makeHalfProvenBlock({
      ...{ transactions, redisUrl: redis.url, storeFolder },
      progress: (line) => progress(`restart: ${line}`),
    });
    const once = async () => (await inFreshProcess('restart/restart-once.js', [redis.url, storeFolder])) as Restart;
    progress('restart: once untimed');
    // It finds an empty queue, and all after it what the one before has queued.
    await once();
    const restarts: Restart[] = [];
    for (let repetition = 1; repetition <= repetitions; repetition++) {
      progress(`restart: ${repetition} of ${repetitions}`);
      restarts.push(await once());
    }
    return rowsOf(restarts, block, transactions);
  } finally {
    await redis.stop();
    await rm(storeFolder, { recursive: true, force: true });
  }
}

function rowsOf(restarts: readonly Restart[], block: HalfProvenBlock, transactions: number): readonly Row[] {
  for (const { jobs, alreadyProven } of restarts) {
    if (jobs !== block.jobs || alreadyProven !== block.credits) throw new Error('a restart found another block');
  }
  const row = (what: string, unit: string, of: (one: Restart) => number): Row => ({
    name: `restart/${transactions}-transactions/${what}`,
    unit,
    ...median(restarts.map(of)),
  });
  const megabytes = block.executionBytes / 1e6;
  return [
    {
      ...row('to-first-job', 's', ({ queuedMs }) => queuedMs / 1e3),
      ...(transactions === LARGEST ? { target: RESTART_S_MAX } : {}),
      note: 'from the start of its process',
    },
    row('start-process', 's', ({ startedMs }) => startedMs / 1e3),
    {
      ...row('read-execution', 's', ({ startedMs, readMs }) => (readMs - startedMs) / 1e3),
      note: 'and plan the block, while the board is asked who is credited',
    },
    row('find-proofs', 's', ({ readMs, foundMs }) => (foundMs - readMs) / 1e3),
    row('schedule', 's', ({ foundMs, queuedMs }) => (queuedMs - foundMs) / 1e3),
    { ...row('cpu', 's', ({ cpuMs }) => cpuMs / 1e3), note: 'of all threads of the process' },
    row('read-execution-per-megabyte', 'ms', ({ startedMs, readMs }) => (readMs - startedMs) / megabytes),
    row('peak-memory', 'MiB', ({ peakMiB }) => peakMiB),
    row('kept-execution', 'MB', () => megabytes),
    row('stored-proofs', 'proofs', () => block.proofs),
    row('credits', 'jobs', () => block.credits),
    { ...row('execute-and-keep', 's', () => block.executeMs / 1e3), note: 'once: what a restart is spared' },
  ];
}
