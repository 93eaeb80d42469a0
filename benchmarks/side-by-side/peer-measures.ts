import { watchOthers } from '../../native/index.js';
import { AZTEC_DEFAULTS, AZTEC_TUNED } from '../aztec/aztec-settings.js';
import type { LatencyOptions } from '../queue/latency.js';
import { percentile } from '../queue/percentile.js';
import type { TreeShape } from '../queue/tree-shape.js';
import { aztecPeer, drainAztecJobs } from './aztec-peer.js';
import { bullmqFlowPeer } from './bullmq-flow-peer.js';
import { espalierPeer } from './espalier-peer.js';
import type { Peer, PeerFleet } from './peer.js';

export const PEER_NAMES = [
  'espalier',
  'bullmq-flow-tuned',
  'aztec-tuned',
  'bullmq-flow-defaults',
  'aztec-defaults',
] as const;
export type PeerName = (typeof PEER_NAMES)[number];

export interface PeerOptions {
  readonly drain: PeerFleet;
  readonly latency: LatencyOptions;
  readonly makespan: PeerFleet & { readonly jobMs: number };
  readonly memory: TreeShape;
  /** Aztec at its defaults looks once a second: fewer samples after fewer warm-ups, held for long enough to fall out of step. */
  readonly polling: { readonly warmUps: number; readonly latency: LatencyOptions };
}

/** What was measured, by the name of its row: without the scope's. */
export type PeerNumbers = Readonly<Record<string, number>>;

/** A peer's part in the measure of that name; nothing where it has none. */
type Measure = (peer: Peer, name: PeerName, options: PeerOptions) => Promise<PeerNumbers>;

const MEASURES: Readonly<Record<string, Measure>> = {
  drain: async (peer, name, options) => {
    const numbers = { [`drain/${name}`]: await peer.drain(warmed(options.drain, name, options)) };
    if (name !== 'aztec-tuned') return numbers;
    return {
      ...numbers,
      // Its broker at its best: it waits for nobody who knows the tree, and nobody polls it but the agents.
      'drain/aztec-jobs-tuned': await drainAztecJobs(AZTEC_TUNED, options.drain, false),
      'drain/aztec-jobs-facade-tuned': await drainAztecJobs(AZTEC_TUNED, options.drain, true),
    };
  },
  latency: async (peer, name, options) => {
    const latency = await peer.latency(isPolling(name) ? options.polling.latency : options.latency);
    const numbers = Object.entries({
      'ready-to-started': latency.readyToStarted,
      'proven-to-next': latency.provenToNext,
    }).flatMap(([what, ms]) =>
      [50, 99].map((percent) => [`latency/${what}/${name}/p${percent}`, percentile(ms, percent)]),
    );
    return Object.fromEntries(numbers);
  },
  makespan: async (peer, name, options) => {
    const ms = await peer.makespan(warmed(options.makespan, name, options), options.makespan.jobMs);
    return { [`makespan/${name}`]: ms / 1_000 };
  },
  memory: async (peer, name, { memory }) => {
    // Settings change nothing about jobs that nobody takes.
    if (name.endsWith('-defaults')) return {};
    const { jobs, queued, queue, orchestrator } = await peer.memory(memory);
    const who = name.replace('-tuned', '');
    return {
      [`memory/${who}/queued`]: queued,
      [`memory/${who}/queue`]: queue / jobs,
      [`memory/${who}/queue-per-queued-job`]: queue / queued,
      [`memory/${who}/orchestrator`]: orchestrator / jobs,
    };
  },
};

/** One repetition: each measure, by one peer after another. */
export async function measureOnce(
  options: PeerOptions,
  names: readonly PeerName[],
  progress: (line: string) => void,
): Promise<PeerNumbers> {
  const all: Record<string, number> = {};
  for (const [what, measure] of Object.entries(MEASURES)) {
    for (const name of names) {
      progress(`peers: ${what}, ${name}`);
      const othersCores = watchOthers();
      Object.assign(all, await measure(peerOf(name), name, options));
      all[`${what}/cores-of-others/${name}`] = othersCores() ?? Number.NaN;
    }
  }
  return all;
}

function peerOf(name: PeerName): Peer {
  if (name === 'espalier') return espalierPeer;
  const atDefaults = name.endsWith('-defaults');
  if (name.startsWith('bullmq-flow')) return bullmqFlowPeer(atDefaults);
  return aztecPeer(atDefaults ? AZTEC_DEFAULTS : AZTEC_TUNED);
}

function isPolling(name: PeerName): boolean {
  return name === 'aztec-defaults';
}

function warmed(fleet: PeerFleet, name: PeerName, { polling }: PeerOptions): PeerFleet {
  return isPolling(name) ? { ...fleet, warmUps: polling.warmUps } : fleet;
}
