import type { BlockOutlook, BlockView, Capacity } from '../block-view.js';
import { RESOURCE_CLASSES, type ResourceClass } from '../circuit.js';
import type { BlockState } from '../cluster.js';
import * as wire from '../wire.js';
import { answer, reversed, wholeMs } from './check.js';
import { failureFromWire, failureToWire } from './failure.js';
import {
  demandFromWire,
  demandToWire,
  forecastFromWire,
  forecastToWire,
  levelFromWire,
  levelToWire,
} from './forecast.js';

const STATES: Readonly<Record<BlockState, wire.BlockState>> = {
  queued: wire.BlockState.QUEUED,
  preparing: wire.BlockState.PREPARING,
  proving: wire.BlockState.PROVING,
  cancelling: wire.BlockState.CANCELLING,
  proven: wire.BlockState.PROVEN,
  failed: wire.BlockState.FAILED,
  cancelled: wire.BlockState.CANCELLED,
};
const STATE_NAMES = reversed(STATES);

export function blockStateToWire(state: BlockState): wire.BlockState {
  return STATES[state];
}

/** Throws `internal` for none. */
export function blockStateFromWire(state: wire.BlockState): BlockState {
  return answer.named(state, STATE_NAMES, 'the state of a block');
}

export function blockToWire(block: BlockView): wire.Block {
  return {
    blockId: block.blockId,
    state: STATES[block.state],
    transactions: block.transactions,
    calls: block.calls,
    submittedAtMs: wholeMs(block.submittedAtMs),
    deadlineAtMs: wholeMs(block.deadlineAtMs ?? 0),
    owner: block.owner ?? '',
    jobs: block.jobs,
    done: block.done,
    running: block.running,
    levels: block.levels.map(levelToWire),
    forecast: block.forecast === null ? undefined : forecastToWire(block.forecast, block.deadlineAtMs),
    endedAtMs: wholeMs(block.endedAtMs ?? 0),
    rootJobId: block.rootId ?? '',
    error: block.error === null ? undefined : failureToWire(block.error),
    failedJobId: block.failedJob ?? '',
    keepProofs: block.keepProofs,
  };
}

export function blockFromWire(block: wire.Block): BlockView {
  return {
    blockId: answer.text(block.blockId, /^[0-9a-f]{64}$/, '64 hexadecimal digits', 'the id of a block'),
    state: blockStateFromWire(block.state),
    transactions: block.transactions,
    calls: block.calls,
    submittedAtMs: block.submittedAtMs,
    deadlineAtMs: block.deadlineAtMs === 0 ? null : block.deadlineAtMs,
    owner: block.owner === '' ? null : block.owner,
    jobs: block.jobs,
    done: block.done,
    running: block.running,
    levels: block.levels.map(levelFromWire),
    forecast: block.forecast === undefined ? null : forecastFromWire(block.forecast),
    endedAtMs: block.endedAtMs === 0 ? null : block.endedAtMs,
    rootId: block.rootJobId === '' ? null : block.rootJobId,
    error: block.error === undefined ? null : failureFromWire(block.error),
    failedJob: block.failedJobId === '' ? null : block.failedJobId,
    keepProofs: block.keepProofs,
  };
}

/** `nowMs`: since the epoch; for the slack of forecasts, which the wire spells out. */
export function capacityToWire({ demand, workers, blocks }: Capacity, nowMs: number): wire.GetCapacityResponse {
  return {
    demand: demand.map(demandToWire),
    workers: { ...workers },
    blocks: blocks.map(({ blockId, timeLeftMs, forecast }) => ({
      blockId,
      timeLeftMs: Math.round(timeLeftMs ?? 0),
      forecast:
        forecast === null ? undefined : forecastToWire(forecast, timeLeftMs === null ? null : nowMs + timeLeftMs),
    })),
  };
}

export function capacityFromWire({ demand, workers, blocks }: wire.GetCapacityResponse): Capacity {
  return {
    demand: demand.map(demandFromWire),
    workers: countsFromWire(workers, 'workers by class'),
    blocks: blocks.map(
      ({ blockId, timeLeftMs, forecast }): BlockOutlook => ({
        blockId,
        timeLeftMs: timeLeftMs === 0 ? null : timeLeftMs,
        forecast: forecast === undefined ? null : forecastFromWire(forecast),
      }),
    ),
  };
}

/** Numbers by class. */
export function countsFromWire(
  counts: Readonly<Record<string, number>>,
  what: string,
): Readonly<Partial<Record<ResourceClass, number>>> {
  const entries = Object.entries(counts).map(([name, count]) => [answer.oneOf(name, RESOURCE_CLASSES, what), count]);
  return Object.fromEntries(entries);
}
