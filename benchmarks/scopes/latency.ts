import { WATCH_NOTE, watchOnce } from '../api/watch-once.js';
import { median } from '../median.js';
import type { LatencyOptions } from '../queue/latency.js';
import { type BullmqLatency, latencyBullmq } from '../queue/latency-bullmq.js';
import { type EspalierLatency, latencyEspalier } from '../queue/latency-espalier.js';
import { percentile } from '../queue/percentile.js';
import type { Row, Scope } from '../scope.js';

/** Milliseconds at the 99th percentile (issue 3). */
const READY_TO_STARTED_MS_MAX = 5;
const PROVEN_TO_NEXT_MS_MAX = 10;
const PERCENTS = [50, 99, 99.9];
const TARGET_PERCENT = 99;

/** With the warm-up, no more than the calls that one transaction may have: they are the chain. */
const FULL: LatencyOptions = { samples: 900, warmUps: 100, holdMsMax: 10 };

/** Besides what is told one by one, a few events at once. */
const LONE_WATCHER = { watchers: 1, processes: 1, flat: 10, chunk: 10 };

export const latency: Scope = {
  description: 'on an idle fleet, from a ready job to its start and from a proof to the job above it, against BullMQ',
  repetitions: 3,
  run: ({ repetitions, progress }) => measureLatency(FULL, repetitions, progress),
};

interface Latencies {
  readonly espalier: EspalierLatency;
  readonly bullmq: BullmqLatency;
  /** From publishing an event until a lone watcher of its block has decoded it. */
  readonly watchDelay: readonly number[];
}

export async function measureLatency(
  options: LatencyOptions,
  repetitions: number,
  progress: (line: string) => void,
): Promise<readonly Row[]> {
  const all: Latencies[] = [];
  for (let repetition = 1; repetition <= repetitions; repetition++) {
    progress(`latency: ${repetition} of ${repetitions}`);
    const espalier = await latencyEspalier(options);
    const bullmq = await latencyBullmq(options);
    const { delaysMs } = await watchOnce({ ...LONE_WATCHER, paced: options.samples, everyMs: options.holdMsMax });
    all.push({ espalier, bullmq, watchDelay: delaysMs });
  }
  return [
    ...rowsOf('espalier/ready-to-started', all, ({ espalier }) => espalier.readyToStarted, READY_TO_STARTED_MS_MAX),
    ...rowsOf('espalier/proven-to-next', all, ({ espalier }) => espalier.provenToNext, PROVEN_TO_NEXT_MS_MAX),
    ...rowsOf('espalier/ready-to-heard', all, ({ espalier }) => espalier.readyToHeard),
    ...rowsOf('espalier/watch-delay', all, ({ watchDelay }) => watchDelay).map((row) => ({ ...row, note: WATCH_NOTE })),
    ...rowsOf('bullmq/add-to-start', all, ({ bullmq }) => bullmq.addToStart),
    ...rowsOf('bullmq/flow-to-next', all, ({ bullmq }) => bullmq.flowToNext),
    ...rowsOf('bullmq/event-to-next', all, ({ bullmq }) => bullmq.eventToNext),
  ];
}

function rowsOf(
  what: string,
  all: readonly Latencies[],
  valuesOf: (latencies: Latencies) => readonly number[],
  targetMs?: number,
): readonly Row[] {
  return PERCENTS.map((percent) => ({
    name: `latency/${what}/p${percent}`,
    unit: 'ms',
    ...median(all.map((latencies) => percentile(valuesOf(latencies), percent))),
    ...(percent === TARGET_PERCENT && targetMs !== undefined ? { target: targetMs } : {}),
  }));
}
