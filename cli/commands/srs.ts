import type { Command } from 'commander';
import type { SrsStatus } from '../../native/index.js';
import type { CliContext } from '../context.js';
import { formatBytes, formatCount, formatDuration, formatTable } from '../format.js';
import type { SrsPlan } from '../run/plan-srs.js';
import { addExamples } from './examples.js';

interface RawSrsOptions {
  readonly json?: boolean;
}

/** `espalier srs status|fetch|dev`. */
export function registerSrs(program: Command, context: CliContext): void {
  const srs = program.command('srs').description('the structured reference string (SRS) that proofs are made with');
  const status = srs
    .command('status')
    .description('list every SRS on this machine, thoroughly checked, and say which one `espalier prove` would use')
    .option('--json', 'print one JSON object')
    .action((options: RawSrsOptions) => showStatus(options, context));
  addExamples(status, [{ line: 'espalier srs status', meaning: 'half a second' }]);
  const fetch = srs
    .command('fetch')
    .description(
      'download the canonical SRS into the cache and check it; goes on where it was stopped, and keeps one that is good',
    )
    .option('--json', 'print one JSON object')
    .action((options: RawSrsOptions) => fetchSrs(options, context));
  addExamples(fetch, [
    { line: 'espalier srs fetch', meaning: '67 MB to download, 134 MB on disk' },
    { line: 'ESPALIER_SRS_HOSTS=https://mirror.example/srs espalier srs fetch', meaning: 'from a mirror' },
  ]);
  const dev = srs
    .command('dev')
    .description('make the development SRS, and a bb that takes it: for tests alone, since anyone can forge its proofs')
    .option('--json', 'print one JSON object')
    .action((options: RawSrsOptions) => makeDevelopmentSrs(options, context));
  addExamples(dev, [{ line: 'espalier srs dev', meaning: '12 seconds on two cores, 134 MB on disk' }]);
}

async function showStatus(options: RawSrsOptions, context: CliContext): Promise<void> {
  const { SRS_POINTS_NEEDED } = await import('../../circuits/index.js');
  const { canonicalPlaces, srsStatus } = await import('../../native/index.js');
  const { planSrs } = await import('../run/plan-srs.js');
  const { env, stdout } = context;
  const found = await srsStatus(env);
  const plan = await planSrs(found, env);
  if (options.json) {
    stdout.write(`${JSON.stringify({ pointsNeeded: SRS_POINTS_NEEDED, found, prove: plan })}\n`);
    return;
  }
  const list =
    found.length > 0
      ? describe(found)
      : `no SRS on this machine; the canonical one was looked for in ${canonicalPlaces(env).join(', ')}\n`;
  stdout.write(`${list}\n${describePlan(plan, SRS_POINTS_NEEDED)}\n`);
}

function describe(found: readonly SrsStatus[]): string {
  const table = formatTable(
    found.map(({ name, folder, points, bytes, largestCircuit, problem }) => [
      name ?? 'unknown',
      problem === null ? 'good' : 'DAMAGED',
      formatCount(points),
      formatBytes(bytes),
      largestCircuit === 0 ? '-' : `2^${Math.log2(largestCircuit)} gates`,
      folder,
    ]),
    {
      header: ['SRS', 'state', 'points', 'size', 'largest circuit', 'folder'],
      align: ['left', 'left', 'right', 'right', 'left', 'left'],
    },
  );
  const problems = found.flatMap(({ folder, problem }) => (problem === null ? [] : [`${folder}: ${problem}\n`]));
  return `${table}${problems.join('')}`;
}

function describePlan({ srs, folder, reason }: SrsPlan, pointsNeeded: number): string {
  const where = folder === null ? '' : ` in ${folder}`;
  const forgeable = srs === 'development' ? '\nproofs made with the development SRS can be forged by anyone' : '';
  return `espalier prove needs ${formatCount(pointsNeeded)} points and would use the ${srs} SRS${where}: ${reason}${forgeable}`;
}

async function fetchSrs(options: RawSrsOptions, context: CliContext): Promise<void> {
  const { fetchCanonical } = await import('../../native/index.js');
  const { srsProgress } = await import('../run/engine.js');
  const startedMs = context.clock.monotonicMs();
  const onProgress = srsProgress((line) => context.aside.say(line));
  const srs = await fetchCanonical(context.env, { signal: context.signal, onProgress });
  report(options, context, { name: srs.name, folder: srs.folder, points: srs.points, startedMs });
}

async function makeDevelopmentSrs(options: RawSrsOptions, context: CliContext): Promise<void> {
  const { SRS_POINTS_NEEDED } = await import('../../circuits/index.js');
  const { resolveSrs } = await import('../../native/index.js');
  const { srsProgress } = await import('../run/engine.js');
  const { requireProver } = await import('../run/require-prover.js');
  const startedMs = context.clock.monotonicMs();
  const say = (line: string) => context.aside.say(line);
  await requireProver({ kind: 'native' }, context.env);
  const srs = await resolveSrs({
    choice: 'development',
    pointsNeeded: SRS_POINTS_NEEDED,
    env: context.env,
    allowDownload: false,
    onProgress: srsProgress(say),
    onWarning: (message) => say(`warning: ${message}`),
    signal: context.signal,
  });
  report(options, context, { name: srs.name, folder: srs.folder, points: srs.points, bbPath: srs.bbPath, startedMs });
}

interface MadeSrs {
  readonly name: string;
  readonly folder: string;
  readonly points: number;
  readonly bbPath?: string;
  readonly startedMs: number;
}

function report(options: RawSrsOptions, { stdout, clock }: CliContext, { startedMs, ...made }: MadeSrs): void {
  const tookMs = clock.monotonicMs() - startedMs;
  if (options.json) {
    stdout.write(`${JSON.stringify({ ...made, tookMs })}\n`);
    return;
  }
  const bb = made.bbPath === undefined ? '' : `bb for it: ${made.bbPath}\n`;
  const points = `${formatCount(made.points)} points in ${made.folder}`;
  stdout.write(`${made.name} SRS: ${points} (${formatDuration(tookMs)})\n${bb}`);
}
