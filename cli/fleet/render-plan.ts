import type { LevelTime } from '../../orchestrator/index.js';
import { formatCount, formatDuration, formatPlural, formatTable } from '../format.js';
import type { FleetPlan, PlannedKind, ProvenFacts } from './fleet-plan.js';

/** What a fleet does with one block, for people. `source`: what the times of the proofs are. */
export function renderPlan(plan: FleetPlan, source: string): string {
  const { transactions, calls, jobs, proven, levels } = plan;
  const parts = [
    `${formatPlural(transactions, 'transaction')}, ${formatPlural(calls, 'call')}: ${formatPlural(jobs, 'proof')}\ntimes: ${source}\n`,
    verdictText(plan),
  ];
  if (proven !== null && !plan.isUnlimited) parts.push(`\n${machinesText(plan.machines)}`);
  if (proven !== null) parts.push(`\n${factsText(plan, proven)}`, `\n${levelsText(levels)}`);
  return parts.join('');
}

function verdictText(plan: FleetPlan): string {
  const { windowMs, proven, runs, runsProven, isUnlimited, failure } = plan;
  const failed =
    failure === null ? '' : `${runs > 1 ? `in ${runs - runsProven} of ${runs} runs ` : ''}it failed: ${failure}\n`;
  if (windowMs === null || proven === null) return failed;
  const window = `in ${formatDuration(windowMs)}`;
  const ofRuns = runs > 1 ? ` (in ${plan.runsInTime} of ${runs} runs)` : '';
  if (plan.inTime) return `this fleet proves it ${window}${ofRuns}\n${failed}`;
  if (!isUnlimited) return `this fleet does not prove it ${window}${ofRuns}\n${failed}`;
  return `no fleet proves it ${window}${ofRuns}\n${impossibleText(windowMs, proven, plan.levels)}${failed}`;
}

/** What would have to be faster. */
function impossibleText(windowMs: number, { makespanMs, criticalPathMs }: ProvenFacts, levels: readonly LevelTime[]) {
  const byName = new Map<string, { jobs: number; workingMs: number }>();
  for (const { name, onChain } of levels) {
    if (onChain.jobs === 0) continue;
    // `merge 1`, `merge 2`, … are alike.
    const link = name.replace(/ \d+$/, '');
    const { jobs, workingMs } = byName.get(link) ?? { jobs: 0, workingMs: 0 };
    byName.set(link, { jobs: jobs + onChain.jobs, workingMs: workingMs + onChain.workingMs });
  }
  const links = [...byName].map(
    ([name, { jobs, workingMs }]) => `${jobs} ${name} of ${formatDuration(workingMs / jobs)}`,
  );
  const times = (makespanMs / windowMs).toFixed(2);
  return [
    `with a machine for every job it takes ${formatDuration(makespanMs)}; its longest chain of proofs ${formatDuration(criticalPathMs)}:`,
    `  ${links.join(', ')}`,
    `to be in time, the proofs of this chain have to be ${times} times as fast, or the chain shorter (fewer transactions, or fewer calls in one)`,
    '',
  ].join('\n');
}

function machinesText(machines: readonly PlannedKind[]): string {
  const rows = machines.map(({ name, count, cores, memoryGiB, gpus, classes, utilisation, hours, cost }) => [
    name,
    formatCount(count),
    `${cores} cores, ${memoryGiB} GiB${gpus > 0 ? `, ${formatPlural(gpus, 'GPU')}` : ''}`,
    classes.join(', '),
    count > 0 ? `${Math.round(utilisation * 100)}%` : '-',
    hours.toFixed(2),
    cost === null ? '-' : cost.toFixed(2),
  ]);
  return formatTable(rows, {
    header: ['workers', 'count', 'each', 'take', 'busy', 'hours a block', 'cost'],
    align: ['left', 'right', 'left', 'left', 'right', 'right', 'right'],
  });
}

function factsText({ runs, retries, secondAttempts, isUnlimited }: FleetPlan, proven: ProvenFacts): string {
  const { makespanMs, longestMakespanMs, lowerBoundMs, criticalPathMs, capacityMs, overLowerBound } = proven;
  const ofRuns = runs > 1 ? ` (median of ${runs} runs; the longest ${formatDuration(longestMakespanMs)})` : '';
  const cost = proven.cost === null ? '' : `, cost ${proven.cost.toFixed(2)}`;
  const trouble =
    retries + secondAttempts > 0
      ? [`${formatCount(retries)} retries, ${formatCount(secondAttempts)} second attempts at stragglers`]
      : [];
  return [
    `proven in ${formatDuration(makespanMs)}${ofRuns}`,
    `${overLowerBound.toFixed(3)} times the lower bound ${formatDuration(lowerBoundMs)}: longest chain ${formatDuration(criticalPathMs)}, work over capacity ${formatDuration(capacityMs)}`,
    ...(isUnlimited
      ? []
      : [`${proven.hours.toFixed(2)} machine hours a block, ${proven.coreHours.toFixed(1)} core hours${cost}`]),
    ...trouble,
    '',
  ].join('\n');
}

function levelsText(levels: readonly LevelTime[]): string {
  const rows = levels.map(({ name, jobs, all, longestWaitMs, firstStartMs, lastEndMs, onChain }) => [
    name,
    formatCount(jobs),
    formatDuration(all.waitingMs / jobs),
    formatDuration(longestWaitMs),
    formatDuration(all.workingMs / jobs),
    formatDuration(firstStartMs),
    formatDuration(lastEndMs),
    onChain.jobs > 0 ? formatDuration(onChain.waitingMs) : '-',
    onChain.jobs > 0 ? formatDuration(onChain.workingMs) : '-',
    onChain.jobs > 0 ? formatDuration(onChain.lostMs) : '-',
  ]);
  return `where the time goes: waiting and working, a job on average; on the right what the chain that decided it spent
${formatTable(rows, {
  header: ['level', 'jobs', 'waits', 'at most', 'works', 'from', 'to', 'waited', 'worked', 'lost'],
  align: ['left', ...Array.from({ length: 9 }, () => 'right' as const)],
})}`;
}

/** One line a size of block. */
export function renderSweep(plans: readonly FleetPlan[]): string {
  const kinds = plans[0]?.machines.map(({ name }) => name) ?? [];
  const rows = plans.map((plan) => {
    const { transactions, jobs, machines, proven, isUnlimited, inTime } = plan;
    const busy = machines.map(({ utilisation, count }) => (count > 0 ? `${Math.round(utilisation * 100)}%` : '-'));
    return [
      formatCount(transactions),
      formatCount(jobs),
      ...machines.map(({ count }) => (isUnlimited ? 'none' : formatCount(count))),
      formatDuration(proven?.makespanMs ?? Number.NaN),
      proven === null ? '-' : proven.overLowerBound.toFixed(3),
      busy.join(' '),
      proven === null || isUnlimited ? '-' : proven.coreHours.toFixed(1),
      proven?.cost === undefined || proven.cost === null || isUnlimited ? '-' : proven.cost.toFixed(2),
      proven === null ? 'failed' : inTime === null ? '' : inTime ? 'yes' : 'no',
    ];
  });
  return formatTable(rows, {
    header: ['transactions', 'proofs', ...kinds, 'makespan', 'over bound', 'busy', 'core hours', 'cost', 'in time'],
    align: ['right', 'right', ...kinds.map(() => 'right' as const), 'right', 'right', 'left', 'right', 'right', 'left'],
  });
}
