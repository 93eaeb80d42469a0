import type { Clock } from '../../common/index.js';
import type { BlockId, Forecast, Lateness, RunEventBody } from '../../proto/index.js';
import { type BlockForecast, type FleetSlots, type ForecastView, fleetSlots } from '../schedule/index.js';
import type { ClaimedBlock } from './claimed-block.js';
import type { FleetWatch } from './fleet-watch.js';

/** Changes of a forecast that are told: by more than this, and than this share of the time that is left. */
const CHANGE_MS = 1_000;
const CHANGE_SHARE = 0.01;
/** By how much, as a share, the number of missing workers changes before that is told. */
const MISSING_SHARE = 0.1;
/** How old an explanation of a block's lateness may be: each costs as much as many forecasts. */
const EXPLAINED_MS = 5_000;

/** How old the work of a block may be that others size fleets by: they ask every few seconds. */
const WORK_MS = 2_000;

export interface ForecasterOptions {
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly fleet: Pick<FleetWatch, 'workers' | 'hasLooked'>;
  readonly forecast: (view: ForecastView) => ReadonlyMap<BlockId, BlockForecast>;
  /** Hears when a block turns late, and when it is in time again. */
  readonly onEvent: (blockId: BlockId, event: RunEventBody) => void;
}

interface Outlook {
  /** What those who watch heard last. */
  told: Forecast | undefined;
  /** When its lateness was explained last, by the monotonic clock. */
  explainedMs: number;
  /** When its work was noted last, by the same clock. */
  workMs: number;
  late: Lateness | null;
  rootInMs: number | null;
}

/**
 * Keeps predicting when the blocks of this orchestrator will be proven, and tells those who watch them when that changes.
 *
 * A block is *in time* until its root is expected after its deadline; then *late* until it is expected before that again,
 * by more than forecasts waver. At most one block's lateness is explained at each look: the others wait, and are in time
 * or late for the reason known until then.
 */
export class Forecaster {
  readonly #options: ForecasterOptions;
  readonly #outlooks = new WeakMap<ClaimedBlock, Outlook>();

  constructor(options: ForecasterOptions) {
    this.#options = options;
  }

  /** Looks at the blocks that are being proven. `nowMs`: by the monotonic clock. */
  look(blocks: Iterable<ClaimedBlock>, nowMs: number): void {
    const { fleet, forecast, clock } = this.#options;
    const proving = [...blocks].filter(({ state }) => state === 'proving');
    // Nothing is known of the fleet at the beginning.
    if (proving.length === 0 || !fleet.hasLooked) return;
    const view = this.#view(proving, fleetSlots(fleet.workers), nowMs);
    const forecasts = forecast(view);
    for (const block of proving) {
      const found = forecasts.get(block.id);
      if (found === undefined) continue;
      const outlook = this.#outlookOf(block);
      if (found.late !== null && !view.known.has(block.id)) outlook.explainedMs = nowMs;
      outlook.rootInMs = found.rootInMs;
      if (block.work === undefined || nowMs - outlook.workMs >= WORK_MS) {
        block.work = found.work;
        outlook.workMs = nowMs;
      }
      const rootAtMs = found.rootInMs === null ? null : Math.round(clock.nowMs() + found.rootInMs);
      this.#tell(block, outlook, { rootAtMs, demand: found.demand, late: found.late });
    }
  }

  #view(blocks: readonly ClaimedBlock[], fleet: FleetSlots, nowMs: number) {
    const deadlinesMs = new Map<BlockId, number>();
    const known = new Map<BlockId, Lateness>();
    let explained: ClaimedBlock | undefined;
    for (const block of blocks) {
      const { late, explainedMs } = this.#outlookOf(block);
      const deadlineMs = this.#deadlineOf(block);
      if (deadlineMs === undefined) continue;
      if (late !== null) {
        deadlinesMs.set(block.id, deadlineMs);
        known.set(block.id, late);
      }
      const isOldest = explained === undefined || explainedMs < this.#outlookOf(explained).explainedMs;
      if (this.#isLate(block, deadlineMs) && nowMs - explainedMs >= EXPLAINED_MS && isOldest) explained = block;
    }
    if (explained !== undefined) {
      deadlinesMs.set(explained.id, this.#deadlineOf(explained) ?? 0);
      known.delete(explained.id);
    }
    return { nowMs, fleet, deadlinesMs, known };
  }

  /** Milliseconds from now until it has to be proven to be in time, or to be so again; undefined: no deadline. */
  #deadlineOf(block: ClaimedBlock): number | undefined {
    const { deadlineAtMs } = block.claim;
    if (deadlineAtMs === undefined) return undefined;
    const leftMs = deadlineAtMs - this.#options.clock.nowMs();
    return this.#outlookOf(block).late === null ? leftMs : leftMs - changeMs(leftMs);
  }

  /** By the last look. Before the first it may be. */
  #isLate(block: ClaimedBlock, deadlineMs: number): boolean {
    const { told, rootInMs } = this.#outlookOf(block);
    return told === undefined || rootInMs === null || rootInMs > deadlineMs;
  }

  #tell(block: ClaimedBlock, outlook: Outlook, forecast: Forecast): void {
    block.forecast = forecast;
    const hasTurned = (outlook.late === null) !== (forecast.late === null);
    outlook.late = forecast.late;
    if (hasTurned) {
      this.#options.onEvent(block.id, { kind: 'lateness', rootAtMs: forecast.rootAtMs, late: forecast.late });
    }
    if (outlook.told !== undefined && !this.#isNews(outlook.told, forecast)) return;
    outlook.told = forecast;
    block.news.tell({ kind: 'forecast', forecast });
  }

  #isNews(before: Forecast, now: Forecast): boolean {
    if (before.late === null || now.late === null) {
      if (before.late !== now.late) return true;
    } else {
      const [then, late] = [before.late, now.late];
      if (then.cause !== late.cause || then.resourceClass !== late.resourceClass) return true;
      const change = Math.abs(late.missingWorkers - then.missingWorkers);
      if (change > then.missingWorkers * MISSING_SHARE) return true;
    }
    if (before.rootAtMs === null || now.rootAtMs === null) return before.rootAtMs !== now.rootAtMs;
    const leftMs = now.rootAtMs - this.#options.clock.nowMs();
    return Math.abs(now.rootAtMs - before.rootAtMs) > changeMs(leftMs);
  }

  #outlookOf(block: ClaimedBlock): Outlook {
    let outlook = this.#outlooks.get(block);
    if (outlook === undefined) {
      outlook = { told: undefined, explainedMs: Number.NEGATIVE_INFINITY, workMs: 0, late: null, rootInMs: null };
      this.#outlooks.set(block, outlook);
    }
    return outlook;
  }
}

/** What is a change worth telling, of a time so far away. */
function changeMs(leftMs: number): number {
  return Math.max(CHANGE_MS, leftMs * CHANGE_SHARE);
}
