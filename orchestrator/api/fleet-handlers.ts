import { EspalierError } from '../../common/index.js';
import {
  type BlockStatus,
  type ClassDemand,
  capacityToWire,
  machineOf,
  RESOURCE_CLASSES,
  type WorkerInfo,
  type wire,
  workerToWire,
} from '../../proto/index.js';
import { idleCapacity } from '../cluster/index.js';
import type { ApiBackend } from './api-backend.js';
import type { ServiceHandlers } from './calls/index.js';
import { pageOf } from './page.js';

const PAGE_DEFAULT = 1_000;
const NAMED_MAX = 5;
const REASON_CHARS_MAX = 200;

type FleetBackend = Pick<ApiBackend, 'fleet' | 'board' | 'jobCounts' | 'clock'>;

/** `FleetService`. */
export function fleetHandlers(backend: FleetBackend): ServiceHandlers<typeof wire.FleetServiceService> {
  return {
    async listWorkers({ pageSize, pageToken }) {
      const request = { pageSize: pageSize || PAGE_DEFAULT, pageToken };
      const page = pageOf(await backend.fleet.list(), ({ workerId }) => workerId, request);
      return { workers: page.items.map(workerToWire), nextPageToken: page.nextPageToken };
    },
    async drainWorker({ workerId: text, reason }, { principal }) {
      const workerId = resolveWorker(text, await backend.fleet.list());
      const why = reason === '' ? `told to by ${principal.name}` : reason.slice(0, REASON_CHARS_MAX);
      if (!(await backend.fleet.drain(workerId, why))) throw unknownWorker(workerId);
      return { workerId };
    },
    getCapacity: () => capacity(backend),
  };
}

/** The id of the one worker that is meant: a whole id, the name of its machine, or the beginning of an id. */
function resolveWorker(text: string, workers: readonly WorkerInfo[]): string {
  const ids = workers.map(({ workerId }) => workerId);
  if (ids.includes(text)) return text;
  // The name of a machine may be the beginning of another's.
  const onMachine = ids.filter((id) => machineOf(id) === text);
  const beginning = text === '' ? [] : ids.filter((id) => id.startsWith(text));
  const fitting = onMachine.length > 0 ? onMachine : beginning;
  const [first, second] = fitting;
  if (first === undefined) throw unknownWorker(text);
  if (second === undefined) return first;
  const more = fitting.length > NAMED_MAX ? ` and ${fitting.length - NAMED_MAX} more` : '';
  const named = fitting.slice(0, NAMED_MAX).join(', ');
  throw new EspalierError('request-malformed', `${text} may be any of ${fitting.length} workers: ${named}${more}`, {
    remedy: 'name one of them',
  });
}

function unknownWorker(text: string): EspalierError {
  return new EspalierError('worker-unknown', `no worker ${JSON.stringify(text.slice(0, 200))} is alive`, {
    remedy: '`espalier workers` lists them',
  });
}

async function capacity({ fleet, board, jobCounts, clock }: FleetBackend): Promise<wire.GetCapacityResponse> {
  const [workers, open, counts] = await Promise.all([fleet.list(), board.list(), jobCounts()]);
  const nowMs = clock.nowMs();
  const working = workers.filter(({ state }) => state === 'working');
  const idle = idleCapacity(workers);
  const demand = RESOURCE_CLASSES.map((resourceClass): ClassDemand => {
    const asked = open.flatMap(
      ({ forecast }) => forecast?.demand.filter((of) => of.resourceClass === resourceClass) ?? [],
    );
    const sum = (of: 'running' | 'soon') => asked.reduce((total, one) => total + one[of], 0);
    const running = sum('running');
    const { waiting, leased } = counts[resourceClass];
    return {
      resourceClass,
      // A leased job may wait for its worker's cores.
      queued: waiting + Math.max(0, leased - running),
      running,
      soon: sum('soon'),
      soonMs: Math.max(0, ...asked.map(({ soonMs }) => soonMs)),
      slots: Math.max(0, ...asked.map(({ slots }) => slots), idle[resourceClass] ?? 0),
    };
  });
  const takers = RESOURCE_CLASSES.map(
    (name) => [name, working.filter(({ classes }) => classes.includes(name)).length] as const,
  ).filter(([, count]) => count > 0);
  return capacityToWire(
    {
      demand: demand.filter(({ queued, running, soon, slots }) => queued + running + soon + slots > 0),
      workers: Object.fromEntries(takers),
      blocks: open.map((status) => outlookOf(status, nowMs)),
    },
    nowMs,
  );
}

function outlookOf({ blockId, deadlineAtMs, forecast }: BlockStatus, nowMs: number) {
  return { blockId, timeLeftMs: deadlineAtMs === null ? null : deadlineAtMs - nowMs, forecast };
}
