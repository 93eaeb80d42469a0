import { findPeerNode, type PeerNode } from '../aztec/peer-node.js';
import { inFreshProcess } from '../fresh-process.js';
import { median } from '../median.js';
import { lowerBoundMs } from '../queue/makespan.js';
import { treeOf } from '../queue/tree-shape.js';
import type { Row, Scope } from '../scope.js';
import { PEER_NAMES, type PeerName, type PeerNumbers, type PeerOptions } from '../side-by-side/peer-measures.js';

/** Targets of issue 5: a drain over BullMQ's flows, and over Aztec's broker at its best. */
const RATIO_TO_FLOW_MIN = 1.5;
const RATIO_TO_AZTEC_MIN = 2;

const FULL: PeerOptions = {
  drain: { shape: { transactions: 1_024, calls: 2 }, slots: 100, warmUps: 3 },
  latency: { samples: 300, warmUps: 50, holdMsMax: 10 },
  makespan: { shape: { transactions: 64, calls: 0 }, slots: 64, warmUps: 2, jobMs: 100 },
  memory: { transactions: 50_000, calls: 0 },
  polling: { warmUps: 1, latency: { samples: 30, warmUps: 2, holdMsMax: 1_000 } },
};

export const peers: Scope = {
  description: "the same work on Espalier, on BullMQ's flows and on Aztec's broker and agents, at defaults and tuned",
  repetitions: 3,
  run: async ({ repetitions, progress }) => measurePeers(FULL, await findPeerNode(), repetitions, progress),
};

/** How each is set up: `benchmarks/README.md` says more. */
const SETTINGS: Readonly<Record<PeerName | 'aztec-jobs-tuned' | 'aztec-jobs-facade-tuned', string>> = {
  espalier: 'over BullMQ, Redis with AOF',
  'bullmq-flow-tuned': 'one Worker for all slots, finished jobs removed',
  'bullmq-flow-defaults': 'a Worker for each slot, finished jobs kept',
  'aztec-tuned': 'polls every 10 ms, write batches of 1 ms',
  'aztec-defaults': 'polls every 1,000 ms, write batches of 50 ms',
  'aztec-jobs-tuned':
    'as many jobs, none waiting for another, put in its broker beforehand, and nobody asks for results; as aztec-tuned',
  'aztec-jobs-facade-tuned': 'the same, asked for through the facade, which polls and fetches each result meanwhile',
};

/** All of them run on the same Node: the one that Aztec's module loads in, if there is such a one. `wanted`: the others not. */
export async function measurePeers(
  options: PeerOptions,
  { path, aztecMissing }: PeerNode,
  repetitions: number,
  progress: (line: string) => void,
  wanted: readonly PeerName[] = PEER_NAMES,
): Promise<readonly Row[]> {
  if (aztecMissing !== undefined) progress(`peers: Aztec's broker is not runnable: ${aztecMissing}`);
  const names = wanted.filter((name) => aztecMissing === undefined || !isAztec(name));
  const all: PeerNumbers[] = [];
  for (let repetition = 1; repetition <= repetitions; repetition++) {
    progress(`peers: ${repetition} of ${repetitions}`);
    const numbers = await inFreshProcess('side-by-side/measure-once.js', [JSON.stringify(options), ...names], path);
    all.push(numbers as PeerNumbers);
  }
  return rowsOf(options, all, aztecMissing);
}

function rowsOf(options: PeerOptions, all: readonly PeerNumbers[], aztecMissing: string | undefined): readonly Row[] {
  const row = (what: string, unit: string, of: (numbers: PeerNumbers) => number, note?: string): Row => {
    const said = aztecMissing !== undefined && isAztec(what) ? `not runnable: ${aztecMissing}` : note;
    return { name: `peers/${what}`, unit, ...median(all.map(of)), ...(said === undefined ? {} : { note: said }) };
  };
  const one = (what: string, unit: string, note?: string) =>
    row(what, unit, (numbers) => numberOf(numbers, what), note);
  const others = (what: string) => PEER_NAMES.map((name) => one(`${what}/cores-of-others/${name}`, 'cores'));
  const ratio = (other: keyof typeof SETTINGS) =>
    row(`drain/ratio-to-${other}`, 'x', (all) => numberOf(all, 'drain/espalier') / numberOf(all, `drain/${other}`));
  const { makespan, memory } = options;
  const boundS = lowerBoundMs(treeOf(makespan.shape, 'bound'), makespan.jobMs, makespan.slots) / 1_000;
  const jobs = treeOf(memory, 'size').size;
  return [
    { ...ratio('bullmq-flow-tuned'), targetMin: RATIO_TO_FLOW_MIN },
    ratio('aztec-tuned'),
    { ...ratio('aztec-jobs-tuned'), targetMin: RATIO_TO_AZTEC_MIN },
    ...PEER_NAMES.map((name) => one(`drain/${name}`, 'jobs/s', SETTINGS[name])),
    ...(['aztec-jobs-tuned', 'aztec-jobs-facade-tuned'] as const).map((name) =>
      one(`drain/${name}`, 'jobs/s', SETTINGS[name]),
    ),
    ...others('drain'),
    ...['ready-to-started', 'proven-to-next'].flatMap((what) =>
      PEER_NAMES.flatMap((name) =>
        ['p50', 'p99'].map((percent) => one(`latency/${what}/${name}/${percent}`, 'ms', SETTINGS[name])),
      ),
    ),
    ...others('latency'),
    ...PEER_NAMES.map((name) =>
      row(`makespan/${name}`, 'x bound', (all) => numberOf(all, `makespan/${name}`) / boundS, SETTINGS[name]),
    ),
    ...others('makespan'),
    ...['espalier', 'bullmq-flow', 'aztec'].flatMap((name) => {
      const note = `of ${jobs} jobs, none begun, of which ${median(all.map((one) => numberOf(one, `memory/${name}/queued`))).value} are queued`;
      return ['queue', 'orchestrator'].map((who) => one(`memory/${name}/${who}`, 'bytes/job', note));
    }),
    one(
      'memory/espalier/queue-per-queued-job',
      'bytes/job',
      'the same, by those that are queued; the others queue all',
    ),
  ];
}

function isAztec(what: string): boolean {
  return what.includes('aztec');
}

/** NaN where it was not measured. */
function numberOf(numbers: PeerNumbers, what: string): number {
  return numbers[what] ?? Number.NaN;
}
