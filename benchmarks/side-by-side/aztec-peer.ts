import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { AztecOrchestratorOptions } from '../aztec/aztec-orchestrator.js';
import type { AztecSettings } from '../aztec/aztec-settings.js';
import type { AztecWorkerOptions } from '../aztec/aztec-worker.js';
import { BenchProcess } from '../queue/bench-process.js';
import { machineMs } from '../queue/clock.js';
import { lastCompletedMs } from '../queue/last-completed.js';
import { gapsMs } from '../queue/latency.js';
import { treeOf } from '../queue/tree-shape.js';
import type { JobStamp } from '../queue/worker-notes.js';
import type { Peer, PeerFleet } from './peer.js';

const LOOK_INTERVAL_MS = 5;
const IDLE = { slots: 0, holdMsMax: 0, jobMs: 0 };

type Work = Pick<AztecWorkerOptions, 'slots' | 'holdMsMax' | 'jobMs'>;

interface Cluster {
  readonly broker: BenchProcess;
  readonly orchestrator: BenchProcess;
  readonly worker: BenchProcess;
}

/** Aztec's broker, agents in one process, and its facade, each side in a process of its own. */
export function aztecPeer(settings: AztecSettings): Peer {
  const treeMs = (fleet: PeerFleet, jobMs: number) =>
    withCluster(settings, { ...IDLE, slots: fleet.slots, jobMs }, async ({ orchestrator, worker }) => {
      await worker.call('run');
      const prove = (seed: string) => orchestrator.call<number>('drain', { shape: fleet.shape, seed });
      for (let round = 1; round <= fleet.warmUps; round++) await prove(`warm-up-${round}`);
      return prove('measured');
    });
  return {
    drain: async (fleet) => (1_000 * treeOf(fleet.shape, 'size').size) / (await treeMs(fleet, 0)),
    makespan: treeMs,
    latency: ({ samples, warmUps, holdMsMax }) =>
      withCluster(settings, { ...IDLE, slots: 2, holdMsMax }, async ({ orchestrator, worker }) => {
        await worker.call('run');
        const count = samples + warmUps;
        const stamps = () => worker.call<readonly JobStamp[]>('stamps');
        const addedMs = await orchestrator.call<readonly number[]>('addOneByOne', { count, idleMsMax: holdMsMax });
        const starts = (await stamps()).map(({ startedMs }) => startedMs);
        await orchestrator.call('chain', count);
        const gaps = gapsMs(await stamps());
        return {
          readyToStarted: addedMs.map((ms, i) => (starts[i] ?? Number.NaN) - ms).slice(warmUps),
          provenToNext: gaps.slice(warmUps),
        };
      }),
    memory: (shape) =>
      withCluster(settings, IDLE, async ({ broker, orchestrator }) => {
        const { size: jobs } = treeOf(shape, 'size');
        await queue(orchestrator, 1, 'first');
        const kept = async () => ({
          queue: await broker.call<number>('keptBytes'),
          orchestrator: await orchestrator.call<number>('keptBytes'),
        });
        const before = await kept();
        await queue(orchestrator, jobs, 'measured');
        const after = await kept();
        return {
          jobs,
          queued: jobs,
          queue: after.queue - before.queue,
          orchestrator: after.orchestrator - before.orchestrator,
        };
      }),
  };
}

/**
 * Jobs a second of as many jobs as the tree has, none of which waits for another, all queued before the agents begin, until the
 * last is acknowledged to its agent. `asks`: they are asked for through the facade, which polls and fetches each result
 * meanwhile; else they are put in the broker, and nobody asks it for more than the agents do.
 */
export async function drainAztecJobs(
  settings: AztecSettings,
  { shape, slots, warmUps }: PeerFleet,
  asks: boolean,
): Promise<number> {
  const { size: jobs } = treeOf(shape, 'size');
  const work = { ...IDLE, slots };
  const measure = async ({ orchestrator, worker }: Cluster) => {
    const drain = async (round: number) => {
      const seed = `round-${round}`;
      if (asks) await queue(orchestrator, jobs, seed);
      else await orchestrator.call('enqueue', { jobs, seed });
      const startedMs = machineMs();
      await worker.call('run');
      const tookMs = (await lastCompletedMs([worker], (round + 1) * jobs)) - startedMs;
      await worker.call('rest');
      return tookMs;
    };
    for (let round = 0; round < warmUps; round++) await drain(round);
    return (1_000 * jobs) / (await drain(warmUps));
  };
  return withCluster(settings, work, measure, asks);
}

/** Resolves when the broker has them all. */
async function queue(orchestrator: BenchProcess, jobs: number, seed: string): Promise<void> {
  const before = await orchestrator.call<number>('queued');
  await orchestrator.call('askFor', { jobs, seed });
  while ((await orchestrator.call<number>('queued')) < before + jobs) await pause(LOOK_INTERVAL_MS);
}

async function withCluster<T>(
  settings: AztecSettings,
  work: Work,
  measure: (cluster: Cluster) => Promise<T>,
  asks = true,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'espalier-bench-aztec-'));
  const [broker, orchestrator, worker] = ['broker', 'orchestrator', 'worker'].map(
    (side) => new BenchProcess(`../aztec/aztec-${side}.js`),
  ) as [BenchProcess, BenchProcess, BenchProcess];
  try {
    const url = await broker.call<string>('open', { folder, settings });
    await Promise.all([
      orchestrator.call('open', { url, settings, asks } satisfies AztecOrchestratorOptions),
      worker.call('open', { url, settings, ...work } satisfies AztecWorkerOptions),
    ]);
    return await measure({ broker, orchestrator, worker });
  } finally {
    await Promise.all([worker.stop(), orchestrator.stop()]);
    await broker.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
