import type { BlockId, BlockWork, ClassDemand, Lateness } from '../../proto/index.js';
import { RESOURCE_CLASSES, type ResourceClass } from '../../proto/index.js';
import type { BlockJobs } from './block-jobs.js';
import { workOf } from './block-work.js';
import { type ByClass, type FleetSlots, slotsOf } from './fleet-slots.js';
import { Flow, type FlowBlock, loadOf } from './flow.js';
import { type FlowMeasures, flowBlockOf } from './flow-blocks.js';
import { latenessOf } from './lateness.js';

/** `soon` looks ahead for the time of the proofs below a class, but no further. */
const SOON_MS_MAX = 30_000;

export interface ForecastView {
  /** As in scheduler events. */
  readonly nowMs: number;
  readonly fleet: FleetSlots;
  /** Milliseconds from now until each block's deadline, less than 0 when it has passed; none for those left out. */
  readonly deadlinesMs: ReadonlyMap<BlockId, number>;
  /** Why blocks are late, of those for which that is not to be found out anew: it costs as much as many forecasts. */
  readonly known?: ReadonlyMap<BlockId, Lateness>;
}

/** When a block's root will land, and what it asks of the fleet until then. */
export interface BlockForecast {
  /** Milliseconds from now; null: never, as things are. */
  readonly rootInMs: number | null;
  readonly demand: readonly ClassDemand[];
  readonly late: Lateness | null;
  /** What is left of it. */
  readonly work: BlockWork;
}

/**
 * Forecasts for all open blocks: older blocks first, the fleet as it is, durations as measured so far (`Flow`).
 *
 * In the simulator (`tests/simulation/forecasts.test.ts`), on fleets from one worker to more than there are jobs, the
 * root lands within 4 % of the whole time where durations are known and constant. Where they vary by up to 30 % it lands
 * up to 15 % later than said at first, the more workers there are the more, since each join waits for the slower of two;
 * and as what is learned of durations wavers, so do forecasts. They do not know of failures, of blocks of other
 * orchestrators, nor of jobs that moved to a larger class.
 *
 * Costs 1 to 2 ms for a block, however many jobs it has, and some twenty times that for one whose lateness is explained.
 */
export function forecastBlocks(
  open: Iterable<BlockJobs>,
  view: ForecastView,
  measures: Omit<FlowMeasures, 'nowMs'>,
): ReadonlyMap<BlockId, BlockForecast> {
  const { fleet, deadlinesMs, nowMs, known = new Map<BlockId, Lateness>() } = view;
  const blocks = [...open].sort((a, b) => a.ageRank - b.ageRank);
  const flowBlocks = blocks.map((block, i) => {
    const older = blocks.slice(0, i).filter(({ family }) => family === block.family);
    return flowBlockOf(block, older, { ...measures, nowMs });
  });
  const soonMs = soonMsOf(flowBlocks);
  const flow = new Flow(loadOf(flowBlocks), fleet, { detail: 'fine', soonMs });
  const forecasts = new Map<BlockId, BlockForecast>();
  for (const [i, { blockId }] of blocks.entries()) {
    const block = flowBlocks[i] as FlowBlock;
    const { rootMs, soon } = flow.add(block);
    const deadlineMs = deadlinesMs.get(blockId);
    const late =
      deadlineMs === undefined || rootMs <= deadlineMs
        ? null
        : (known.get(blockId) ?? latenessOf({ block, older: flowBlocks.slice(0, i), fleet, rootMs, deadlineMs }));
    const rootInMs = Number.isFinite(rootMs) ? rootMs : null;
    forecasts.set(blockId, { rootInMs, demand: demandOf(block, { fleet, soon, soonMs }), late, work: workOf(block) });
  }
  return forecasts;
}

/** By class, the mean time of the proofs that its jobs wait for. */
function soonMsOf(blocks: readonly FlowBlock[]): ByClass {
  const sums = new Map<ResourceClass, { ms: number; jobs: number }>();
  for (const { groups } of blocks) {
    for (const { resourceClass, roles } of groups) {
      const sum = sums.get(resourceClass) ?? { ms: 0, jobs: 0 };
      for (const index of roles.flat()) {
        const child = groups[index];
        if (child === undefined) continue;
        const jobs = child.waiting + child.runningMs.length;
        sum.jobs += jobs;
        sum.ms += jobs * child.durationMs;
      }
      sums.set(resourceClass, sum);
    }
  }
  return Object.fromEntries(
    RESOURCE_CLASSES.map((name) => {
      const { ms, jobs } = sums.get(name) ?? { ms: 0, jobs: 0 };
      return [name, jobs === 0 ? SOON_MS_MAX : Math.min(SOON_MS_MAX, Math.round(ms / jobs))];
    }),
  );
}

interface DemandFacts {
  readonly fleet: FleetSlots;
  readonly soon: ByClass;
  readonly soonMs: ByClass;
}

/** Of every class that the block has jobs of, or the fleet workers. */
function demandOf({ groups }: FlowBlock, { fleet, soon, soonMs }: DemandFacts): readonly ClassDemand[] {
  return RESOURCE_CLASSES.flatMap((resourceClass) => {
    const own = groups.filter((group) => group.resourceClass === resourceClass);
    const slots = slotsOf(fleet, resourceClass);
    if (own.length === 0 && slots === 0) return [];
    return {
      resourceClass,
      queued: own.reduce((sum, { ready }) => sum + ready, 0),
      running: own.reduce((sum, group) => sum + group.runningMs.length, 0),
      soon: Math.round(soon[resourceClass] ?? 0),
      soonMs: soonMs[resourceClass] ?? SOON_MS_MAX,
      slots,
    };
  });
}
