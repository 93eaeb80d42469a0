import type { Clock } from '../../../common/index.js';
import { type BlockStatus, RESOURCE_CLASSES, type ResourceClass, type WorkerInfo } from '../../../proto/index.js';
import type { BlockBoard, Fleet } from '../../../queue/index.js';
import type { JobCircuit } from '../../plan/index.js';
import {
  BUSY_HOLD_MS,
  blockOfWork,
  type CircuitDurations,
  DEFAULT_DURATIONS_MS,
  type DemandBlock,
  type DemandView,
  outlinedBlock,
  type PoolWorkers,
} from '../../schedule/index.js';

export interface DemandSourceOptions {
  readonly board: Pick<BlockBoard, 'list'>;
  readonly fleet: Pick<Fleet, 'list'>;
  readonly clock: Clock;
  /** For blocks that nobody has planned yet. */
  readonly classOf: (circuit: JobCircuit) => ResourceClass;
}

/** The oldest open blocks that are looked at: a fleet that has so many is as large as it may get. */
const BLOCKS_MAX = 512;
/** A worker belongs to the pool of the first of these that it takes. */
const POOLS: readonly ResourceClass[] = ['gpu', 'vm', 'rollup'];

/**
 * What is asked of the fleet over all owners: what each of them noted on the board of its blocks, and the workers that
 * live. So any orchestrator answers for all. Of a block without an owner, or one that is not planned yet, only its size is
 * known, and what proofs took in the blocks before.
 */
export class DemandSource {
  readonly #options: DemandSourceOptions;
  #durationsMs: CircuitDurations = DEFAULT_DURATIONS_MS;

  constructor(options: DemandSourceOptions) {
    this.#options = options;
  }

  async view(): Promise<DemandView> {
    const { board, fleet, clock } = this.#options;
    const [open, workers] = await Promise.all([board.list(), fleet.list()]);
    const nowMs = clock.nowMs();
    const wanted = open.filter(({ state }) => state !== 'cancelling').slice(0, BLOCKS_MAX);
    for (const { work } of wanted) this.#learn(work);
    return {
      nowMs: clock.monotonicMs(),
      blocks: wanted.map((status) => this.#blockOf(status, nowMs)),
      pools: poolsOf(workers, nowMs),
    };
  }

  #learn(work: BlockStatus['work']): void {
    const measured = (work?.groups ?? []).map(({ circuit, durationMs }) => [circuit, durationMs] as const);
    if (measured.length > 0) this.#durationsMs = { ...this.#durationsMs, ...Object.fromEntries(measured) };
  }

  #blockOf({ work, transactions, calls, deadlineAtMs }: BlockStatus, nowMs: number): DemandBlock {
    const { classOf } = this.#options;
    const durationOf = (circuit: JobCircuit) => this.#durationsMs[circuit];
    const block = work === null ? outlinedBlock({ transactions, calls }, { durationOf, classOf }) : blockOfWork(work);
    return { block, deadlineMs: deadlineAtMs === null ? null : deadlineAtMs - nowMs };
  }
}

function poolsOf(workers: readonly WorkerInfo[], nowMs: number): DemandView['pools'] {
  const pools: Partial<Record<ResourceClass, PoolWorkers>> = {};
  for (const worker of workers) {
    const name = POOLS.find((one) => worker.classes.includes(one));
    // One that drains is on its way out, and does not count as a pod any more.
    if (name === undefined || worker.state !== 'working') continue;
    const { workers: count, busy, slots } = pools[name] ?? { workers: 0, busy: 0, slots: {} };
    pools[name] = {
      workers: count + 1,
      busy: busy + (isBusy(worker, nowMs) ? 1 : 0),
      slots: Object.fromEntries(
        RESOURCE_CLASSES.map((one) => [one, (slots[one] ?? 0) + (worker.slots?.[one] ?? worker.idle[one] ?? 0)]),
      ),
    };
  }
  return pools;
}

function isBusy({ running, idleSinceMs }: WorkerInfo, nowMs: number): boolean {
  return running > 0 || (idleSinceMs !== undefined && nowMs - idleSinceMs < BUSY_HOLD_MS);
}
