import { type Lateness, RESOURCE_CLASSES, type ResourceClass } from '../../proto/index.js';
import { type FleetSlots, slotsOf, withSlots } from './fleet-slots.js';
import { Flow, type FlowBlock, loadOf } from './flow.js';

/** More slots than any block has jobs. */
const UNLIMITED = 1e8;
/** What is called enough leaves this share of the time as a reserve: forecasts are off by as much. */
const RESERVE_SHARE = 0.05;

export interface LateBlock {
  readonly block: FlowBlock;
  /** The oldest first: they are served before it. */
  readonly older: readonly FlowBlock[];
  readonly fleet: FleetSlots;
  /** Milliseconds from now until its root, infinite for never, and until its deadline, which is before that. */
  readonly rootMs: number;
  readonly deadlineMs: number;
}

/** Why a block will be late, and what would help. */
export function latenessOf(late: LateBlock): Lateness {
  const { block, older, fleet, rootMs, deadlineMs } = late;
  const lateBy = Number.isFinite(rootMs)
    ? `${timeText(rootMs - deadlineMs)} late as things are`
    : 'never as things are';
  const none = { resourceClass: null, missingSlots: 0, missingWorkers: 0 };
  const aloneMs = rootMsOf(block, []);
  const pathMs = aloneMs(unlimited(RESOURCE_CLASSES, fleet));
  const isNever = !Number.isFinite(rootMs);
  if (deadlineMs <= 0 && !isNever) {
    const message = `its deadline passed ${timeText(-deadlineMs)} ago; its root is ${timeText(rootMs)} away`;
    return { cause: 'deadline-passed', ...none, message };
  }
  if (pathMs > deadlineMs && !isNever) {
    const message = `the longest chain of proofs takes ${timeText(pathMs)}, which no number of workers shortens: ${lateBy}`;
    return { cause: 'critical-path', ...none, message };
  }
  const short = shortOf(late, pathMs);
  const isOlders = older.length > 0 && aloneMs(fleet) <= deadlineMs;
  const help = `${more(short)} would prove it in time${short.isAlone ? '' : ', with more of other classes'}`;
  const blocks = older.length === 1 ? 'an older block goes' : `${older.length} older blocks go`;
  const message = isOlders ? `${blocks} first; ${help}: ${lateBy}` : `${help}: ${lateBy}`;
  const { resourceClass, missingSlots, missingWorkers } = short;
  return { cause: isOlders ? 'older-blocks' : 'workers', resourceClass, missingSlots, missingWorkers, message };
}

interface Short {
  readonly resourceClass: ResourceClass;
  readonly missingSlots: number;
  readonly missingWorkers: number;
  /** Whether more of this class alone are enough. */
  readonly isAlone: boolean;
}

/**
 * The class that is short: the one of which the fewest more would be enough, or where no class alone is enough, the one
 * that would be the slowest if there was enough of all others.
 */
function shortOf(late: LateBlock, pathMs: number): Short {
  const { block, older, fleet } = late;
  const classes = RESOURCE_CLASSES.filter((name) => block.groups.some(({ resourceClass }) => resourceClass === name));
  const rootMsWith = rootMsOf(block, older);
  // The chain may leave no reserve, or have had its end when the deadline passed.
  const targetMs = Math.max(late.deadlineMs * (1 - RESERVE_SHARE), pathMs * (1 + RESERVE_SHARE / 5));
  const alone = classes.filter((name) => rootMsWith(unlimited([name], fleet)) <= targetMs);
  const found = alone.map((name) => missing(name, fleet, rootMsWith, targetMs, true));
  const [fewest] = found.sort((a, b) => a.missingSlots - b.missingSlots);
  if (fewest !== undefined) return fewest;
  const othersOf = (name: ResourceClass) =>
    unlimited(
      RESOURCE_CLASSES.filter((other) => other !== name),
      fleet,
    );
  const slowest = classes
    .map((name) => ({ name, rootMs: rootMsWith(othersOf(name)) }))
    .sort((a, b) => b.rootMs - a.rootMs || workOf(block, b.name) - workOf(block, a.name))[0];
  const name = slowest?.name ?? 'rollup';
  return missing(name, othersOf(name), rootMsWith, targetMs, false, fleet);
}

/** The smallest number of slots that is enough, found by doubling and halving. */
function missing(
  resourceClass: ResourceClass,
  slots: FleetSlots,
  rootMsWith: (slots: FleetSlots) => number,
  targetMs: number,
  isAlone: boolean,
  fleet = slots,
): Short {
  const isEnough = (more: number) => rootMsWith(withSlots(slots, resourceClass, more)) <= targetMs;
  let high = 1;
  while (high < UNLIMITED && !isEnough(high)) high *= 2;
  let low = high / 2;
  while (high - low > Math.max(1, low / 50)) {
    const middle = Math.ceil((low + high) / 2);
    if (isEnough(middle)) high = middle;
    else low = middle;
  }
  const missingSlots = Math.ceil(high);
  const workers = fleet.workers[resourceClass] ?? 0;
  const slotsEach = workers === 0 ? 1 : Math.max(1, slotsOf(fleet, resourceClass) / workers);
  return { resourceClass, missingSlots, missingWorkers: Math.ceil(missingSlots / slotsEach), isAlone };
}

/** When the root of a block lands, by the slots that there are. */
function rootMsOf(block: FlowBlock, older: readonly FlowBlock[]): (slots: FleetSlots) => number {
  const load = loadOf([...older, block]);
  return (slots) => {
    const flow = new Flow(load, slots, { detail: 'coarse' });
    for (const other of older) flow.add(other);
    return flow.add(block).rootMs;
  };
}

/** The fleet with as much as can be used of these classes. */
function unlimited(classes: readonly ResourceClass[], fleet: FleetSlots): FleetSlots {
  return classes.reduce((slots, name) => withSlots(slots, name, UNLIMITED), fleet);
}

function workOf({ groups }: FlowBlock, name: ResourceClass): number {
  return groups.reduce((sum, group) => sum + (group.resourceClass === name ? group.waiting * group.durationMs : 0), 0);
}

function more({ resourceClass, missingSlots, missingWorkers }: Short): string {
  const workers = `${missingWorkers} more ${resourceClass} worker${missingWorkers === 1 ? '' : 's'}`;
  return missingSlots === missingWorkers ? workers : `${workers} (${missingSlots} slots)`;
}

/** `41 s`, `3 min 20 s`, `2 h 5 min`. */
function timeText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600)
    return seconds % 60 === 0 ? `${seconds / 60} min` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const minutes = Math.round(seconds / 60);
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
