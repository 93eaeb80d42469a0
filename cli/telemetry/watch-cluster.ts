import type { Meter } from '@opentelemetry/api';
import { type Clock, createGauge, INSTRUMENTS } from '../../common/index.js';
import { type BlockOverview, idleCapacity } from '../../orchestrator/index.js';
import { RESOURCE_CLASSES, type ResourceClass, type WorkerInfo } from '../../proto/index.js';
import type { BlockBoard, Fleet, QueueCounts } from '../../queue/index.js';
import { Cached } from './cached.js';

export interface ClusterView {
  readonly fleet: Pick<Fleet, 'list'>;
  readonly board: Pick<BlockBoard, 'list'>;
  jobCounts(): Promise<QueueCounts>;
  /** The blocks of this orchestrator. */
  overview(): readonly BlockOverview[];
}

const BLOCK_STATES = ['waiting', 'preparing', 'proving', 'ending'] as const;

/** Has queue, fleet, board and blocks measured whenever somebody looks. Of what is away nothing is said. */
export function watchCluster(meter: Meter, view: ClusterView, clock: Clock): void {
  watchQueue(meter, view, clock);
  watchFleet(meter, view, clock);
  watchBoard(meter, view, clock);
  watchBlocks(meter, view, clock);
}

function watchQueue(meter: Meter, view: ClusterView, clock: Clock): void {
  const counts = new Cached(() => view.jobCounts(), clock);
  createGauge(meter, INSTRUMENTS.queueJobs).addCallback(async (result) => {
    const found = await counts.get();
    if (found === undefined) return;
    for (const name of RESOURCE_CLASSES) {
      for (const state of ['waiting', 'leased'] as const) {
        result.observe(found[name][state], { 'espalier.class': name, 'espalier.state': state });
      }
    }
  });
}

function watchFleet(meter: Meter, view: ClusterView, clock: Clock): void {
  const workers = new Cached(() => view.fleet.list(), clock);
  createGauge(meter, INSTRUMENTS.fleetWorkers).addCallback(async (result) => {
    const found = await workers.get();
    if (found === undefined) return;
    for (const name of RESOURCE_CLASSES) {
      for (const state of ['working', 'draining'] as const) {
        const count = found.filter((worker) => worker.state === state && worker.classes.includes(name)).length;
        result.observe(count, { 'espalier.class': name, 'espalier.state': state });
      }
    }
  });
  createGauge(meter, INSTRUMENTS.fleetSlots).addCallback(async (result) => {
    const found = await workers.get();
    if (found === undefined) return;
    for (const name of RESOURCE_CLASSES) {
      const { idle, busy } = slotsOf(found, name);
      result.observe(idle, { 'espalier.class': name, 'espalier.state': 'idle' });
      result.observe(busy, { 'espalier.class': name, 'espalier.state': 'busy' });
    }
  });
}

function watchBoard(meter: Meter, view: ClusterView, clock: Clock): void {
  const submitted = new Cached(async () => {
    const open = await view.board.list();
    return open.filter(({ state }) => state === 'queued').map(({ submittedAtMs }) => submittedAtMs);
  }, clock);
  createGauge(meter, INSTRUMENTS.boardQueued).addCallback(async (result) => {
    const found = await submitted.get();
    if (found !== undefined) result.observe(found.length);
  });
  createGauge(meter, INSTRUMENTS.boardQueuedAge).addCallback(async (result) => {
    const found = await submitted.get();
    if (found === undefined) return;
    const nowMs = clock.nowMs();
    result.observe(found.reduce((oldest, atMs) => Math.max(oldest, nowMs - atMs), 0) / 1_000);
  });
}

/** Of the workers that take jobs. */
function slotsOf(
  workers: readonly WorkerInfo[],
  name: ResourceClass,
): { readonly idle: number; readonly busy: number } {
  const working = workers.filter(({ state }) => state === 'working');
  const all = working.reduce((sum, { slots }) => sum + (slots?.[name] ?? 0), 0);
  const idle = idleCapacity(workers)[name] ?? 0;
  return { idle, busy: Math.max(0, all - idle) };
}

function watchBlocks(meter: Meter, view: ClusterView, clock: Clock): void {
  createGauge(meter, INSTRUMENTS.blocks).addCallback((result) => {
    const blocks = view.overview();
    for (const state of BLOCK_STATES) {
      result.observe(blocks.filter((block) => block.state === state).length, { 'espalier.state': state });
    }
  });
  createGauge(meter, INSTRUMENTS.blocksLate).addCallback((result) => {
    result.observe(view.overview().filter(({ forecast }) => (forecast?.late ?? null) !== null).length);
  });
  createGauge(meter, INSTRUMENTS.blockSlack).addCallback((result) => {
    const slacks = view.overview().flatMap(({ state, forecast, deadlineAtMs }) => {
      if (state !== 'proving' || forecast === undefined || deadlineAtMs === undefined) return [];
      return [forecast.rootAtMs === null ? Number.NEGATIVE_INFINITY : (deadlineAtMs - forecast.rootAtMs) / 1_000];
    });
    if (slacks.length > 0) result.observe(Math.min(...slacks));
  });
  createGauge(meter, INSTRUMENTS.blockTimeToRoot).addCallback((result) => {
    const roots = view.overview().flatMap(({ state, forecast }) => {
      return state === 'proving' && forecast?.rootAtMs ? [(forecast.rootAtMs - clock.nowMs()) / 1_000] : [];
    });
    if (roots.length > 0) result.observe(Math.max(0, ...roots));
  });
  createGauge(meter, INSTRUMENTS.jobs).addCallback((result) => {
    const counts = new Map<string, { waiting: number; running: number; proven: number }>();
    for (const { name, waiting, running, done } of view.overview().flatMap(({ levels }) => levels)) {
      // However large a block is: levels of merges are one.
      const level = name.replace(/ .*$/, '');
      const count = counts.get(level) ?? { waiting: 0, running: 0, proven: 0 };
      counts.set(level, {
        waiting: count.waiting + waiting,
        running: count.running + running,
        proven: count.proven + done,
      });
    }
    for (const level of LEVELS) {
      const count = counts.get(level) ?? { waiting: 0, running: 0, proven: 0 };
      for (const [state, jobs] of Object.entries(count)) {
        result.observe(jobs, { 'espalier.level': level, 'espalier.state': state });
      }
    }
  });
}

const LEVELS = ['public-vm', 'public-kernel', 'base', 'merge', 'root'] as const;
