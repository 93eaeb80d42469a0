import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { EspalierError } from '../../common/index.js';
import type { MachineKind, ProofTimes } from '../../orchestrator/index.js';
import {
  BUILT_IN_PROFILES,
  BYTES_PER_GIB,
  LIMITS,
  type Profile,
  RESOURCE_CLASSES,
  type ResourceClass,
  requirementOf,
  usedClasses,
} from '../../proto/index.js';
import type { CliContext } from '../context.js';
import type { FleetPlan, PlanRequest } from '../fleet/fleet-plan.js';
import {
  parseMachines,
  parsePrices,
  parseShare,
  parseStragglers,
  parseSweep,
  parseWorkers,
} from '../fleet/parse-lists.js';
import { CliExit } from '../usage-error.js';
import { parseCalls } from './block.js';
import { parseCount } from './engine-options.js';
import { addExamples } from './examples.js';
import { parseWindow } from './parse-window.js';

interface RawPlanOptions {
  readonly txs: number;
  readonly calls: readonly number[];
  readonly window?: number;
  readonly workers?: ReadonlyMap<string, number>;
  readonly machines?: ReadonlyMap<string, MachineKind['resources']>;
  readonly price?: ReadonlyMap<string, number>;
  readonly profile?: string;
  readonly timings?: string;
  readonly jitter?: number;
  readonly stragglers?: ProofTimes['stragglers'];
  readonly failures?: number;
  readonly seed: number;
  readonly runs: number;
  readonly confidence: number;
  readonly sweep?: readonly number[];
  readonly json?: boolean;
}

const RUNS_MAX = 1_000;
const TRIAL_TOLD_EVERY_MS = 2_000;

/** `espalier plan-fleet`. */
export function registerPlanFleet(program: Command, context: CliContext): void {
  const command = program
    .command('plan-fleet')
    .description(
      'say how many workers of each class prove a block in a window, by simulating the scheduler; proves nothing',
    )
    .option('--txs <count>', 'transactions of the block', parseCount('--txs', 1, LIMITS.transactionsMax), 1_024)
    .addOption(
      new Option('--calls <list>', 'public calls of each transaction: one number, or a list taken in turn')
        .argParser(parseCalls)
        .default([2], '2'),
    )
    .option('--window <time>', 'find the cheapest fleet that proves it in so much time, as in 8m', parseWindow)
    .option('--workers <counts>', 'say what this fleet does instead, as in vm=100,rollup=400', parseWorkers)
    .option(
      '--machines <sizes>',
      'cores and GiB (and GPUs) of each kind of machine (default: vm=32x64,rollup=8x16; for class gpu what it asks for)',
      parseMachines,
    )
    .option(
      '--price <prices>',
      'of a machine an hour, as in vm=1.20,rollup=0.30 (default: cores are compared)',
      parsePrices,
    )
    .option('--profile <file>', 'what proofs of each class need (default: production)')
    .option(
      '--timings <time|measured|FILE>',
      'what a proof takes: 30s for all, measured on this machine, a timings file, a manifest.json (default: 30s)',
    )
    .option(
      '--jitter <fraction>',
      'vary each time evenly by up to this fraction either way',
      parseShare('--jitter', 0.99),
    )
    .option('--stragglers <share>x<factor>', 'this share of the proofs takes so many times as long', parseStragglers)
    .option('--failures <share>', 'this share of the proofs fails on the way', parseShare('--failures', 1))
    .option('--seed <number>', 'the same seed gives the same plan', parseCount('--seed', 0, 2 ** 31), 1)
    .option('--runs <count>', 'runs with different luck, where times vary', parseCount('--runs', 1, RUNS_MAX), 10)
    .option('--confidence <share>', 'share of the runs that are to be in time', parseShare('--confidence', 1), 0.9)
    .option('--sweep <sizes>', 'a line for each number of transactions: 1024..61440 (doubling), or a list', parseSweep)
    .option('--json', 'print one JSON object for each block')
    .action((options: RawPlanOptions) => run(options, context));
  addExamples(command, [
    { line: 'espalier plan-fleet --txs 1024 --calls 2 --window 8m', meaning: 'the smallest fleet, at 30 s a proof' },
    { line: 'espalier plan-fleet --window 8m --price vm=1.20,rollup=0.30', meaning: 'the cheapest, at your prices' },
    { line: 'espalier plan-fleet --txs 61440 --workers vm=600,rollup=400', meaning: 'what a given fleet does' },
    {
      line: 'espalier plan-fleet --window 30m --timings block.proof/manifest.json',
      meaning: 'with the times of a real run',
    },
    {
      line: 'espalier plan-fleet --window 10m --jitter 0.2 --stragglers 0.01x5 --failures 0.005',
      meaning: 'with trouble',
    },
    { line: 'espalier plan-fleet --sweep 1024..61440 --window 15m --json', meaning: 'a curve, one JSON object a line' },
  ]);
}

async function run(options: RawPlanOptions, context: CliContext): Promise<void> {
  const { circuitsOf, planFleet } = await import('../fleet/fleet-plan.js');
  const { readTimings } = await import('../fleet/read-timings.js');
  const { renderPlan, renderSweep } = await import('../fleet/render-plan.js');
  if (options.window === undefined && options.workers === undefined) {
    throw new EspalierError('usage', 'what is to be found out: --window or --workers is missing', {
      remedy: 'give --window 8m to find a fleet, --workers vm=100,rollup=400 to try one, or both',
    });
  }
  const sizes = options.sweep ?? [options.txs];
  const { times, source } = await readTimings(options.timings, circuitsOf(sizes, options.calls), context);
  const request = await requestOf(options, times, context);
  const plans: FleetPlan[] = [];
  for (const transactions of sizes) {
    const plan = await planFleet(transactions, request);
    plans.push(plan);
    if (options.json) context.stdout.write(`${JSON.stringify({ ...plan, times: source })}\n`);
  }
  const [first] = plans;
  if (!options.json && first !== undefined) {
    context.stdout.write(options.sweep === undefined ? renderPlan(first, source) : renderSweep(plans));
  }
  if (plans.some(({ inTime, proven }) => inTime === false || proven === null)) throw new CliExit(1);
}

async function requestOf(options: RawPlanOptions, calm: ProofTimes, context: CliContext): Promise<PlanRequest> {
  const { readProfile } = await import('../run/chosen-profile.js');
  const { USUAL_MACHINES } = await import('../../orchestrator/index.js');
  const { jitter = calm.jitter, stragglers = calm.stragglers, failures = calm.failures } = options;
  const profile =
    options.profile === undefined
      ? BUILT_IN_PROFILES.production
      : await readProfile(resolve(context.cwd, options.profile));
  const kinds = kindsOf(profile, options.machines, USUAL_MACHINES);
  const names = kinds.map(({ name }) => name);
  for (const [option, given] of [['--workers', options.workers] as const, ['--price', options.price] as const]) {
    const unknown = [...(given?.keys() ?? [])].find((name) => !names.includes(name));
    if (unknown === undefined) continue;
    throw new EspalierError('usage', `${option} names ${unknown}, and the kinds of machine are ${names.join(', ')}`, {
      remedy: 'name other kinds with --machines',
    });
  }
  const isPriced = names.every((name) => options.price?.has(name));
  if (options.price !== undefined && options.workers === undefined && !isPriced) {
    throw new EspalierError('usage', `--price must name all kinds of machine: ${names.join(', ')}`);
  }
  let toldAtMs = context.clock.monotonicMs();
  return {
    profile,
    times: { ...calm, jitter, stragglers, failures },
    calls: options.calls,
    kinds,
    prices: options.price ?? new Map(),
    workers: options.workers,
    windowMs: options.window,
    seed: options.seed,
    runs: options.runs,
    confidence: options.confidence,
    signal: context.signal,
    onTrial: (machines) => {
      const nowMs = context.clock.monotonicMs();
      if (nowMs - toldAtMs < TRIAL_TOLD_EVERY_MS) return;
      toldAtMs = nowMs;
      context.aside.say(`simulating ${machines.map(({ kind, count }) => `${kind.name}=${count}`).join(',')}`);
    },
  };
}

/** The kinds that were given, else one for each class that the profile's circuits use. */
function kindsOf(
  profile: Profile,
  given: ReadonlyMap<string, MachineKind['resources']> | undefined,
  usual: Readonly<Partial<Record<ResourceClass, MachineKind>>>,
): readonly MachineKind[] {
  if (given !== undefined) return [...given].map(([name, resources]) => ({ name, resources }));
  const used = usedClasses(profile);
  return RESOURCE_CLASSES.filter((name) => used.includes(name)).map((name) => {
    const { cores, memoryGiB, gpus } = requirementOf(profile, name);
    return usual[name] ?? { name, resources: { cores, memoryBytes: memoryGiB * BYTES_PER_GIB, gpus } };
  });
}
