import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { CliContext } from '../context.js';
import { formatBytes, formatCount, formatDuration, formatPlural, formatTable } from '../format.js';
import type { CircuitFacts, listCircuits, MeasuredTime } from '../run/list-circuits.js';
import { addExamples } from './examples.js';

interface RawCircuitsOptions {
  readonly srs?: 'canonical' | 'dev';
  readonly profile?: string;
  readonly json?: boolean;
}

/** `espalier circuits`. */
export function registerCircuits(program: Command, context: CliContext): void {
  const command = program
    .command('circuits')
    .description('list the circuits: gates, SRS points, key hash, resource class, proof size, time measured here')
    .addOption(
      new Option('--srs <name>', 'whose keys to show; default: those that `espalier prove` would use').choices([
        'canonical',
        'dev',
      ]),
    )
    .option(
      '--profile <file>',
      'what proofs of each class need (default: what `tune` found, else by the size of the machine)',
    )
    .option('--json', 'print one JSON object')
    .action((options: RawCircuitsOptions) => run(options, context));
  addExamples(command, [
    { line: 'espalier circuits', meaning: 'a line a circuit; the first time it counts gates, half a minute' },
    { line: 'espalier circuits --json', meaning: 'the same for a program, with whole key hashes' },
  ]);
}

async function run(options: RawCircuitsOptions, context: CliContext): Promise<void> {
  const { loadCircuits } = await import('../../circuits/index.js');
  const { srsStatus } = await import('../../native/index.js');
  const { listCircuits } = await import('../run/list-circuits.js');
  const { planSrs } = await import('../run/plan-srs.js');
  const { chosenProfile } = await import('../run/chosen-profile.js');
  const { env, cwd } = context;
  const path = options.profile === undefined ? undefined : resolve(cwd, options.profile);
  const { profile } = await chosenProfile(path, env);
  const srs =
    options.srs === undefined
      ? (await planSrs(await srsStatus(env), env)).srs
      : options.srs === 'dev'
        ? 'development'
        : options.srs;
  const listed = await listCircuits({
    circuits: loadCircuits(),
    srs,
    profile,
    env,
    onMeasure: (circuit) => context.aside.say(`counting the gates of ${circuit} (once)`),
  });
  context.stdout.write(options.json ? `${JSON.stringify({ profile: profile.name, ...listed })}\n` : describe(listed));
}

function describe({ prover, circuits }: Awaited<ReturnType<typeof listCircuits>>): string {
  const table = formatTable(circuits.map(row), {
    header: ['circuit', 'gates', 'size', 'SRS points', 'class', 'needs', 'proof', 'key hash', 'measured here'],
    align: ['left', 'right', 'right', 'right', 'left', 'left', 'right', 'left', 'left'],
  });
  return `${table}\nkeys: ${prover.srs} SRS, bb ${prover.version}, ${keysText(circuits)}; --json has the whole hashes\n`;
}

function keysText(circuits: readonly CircuitFacts[]): string {
  if (circuits.every(({ isKeyPublished }) => isKeyPublished)) return 'the published set';
  if (circuits.every(({ keyHash }) => keyHash !== null)) return 'computed on this machine';
  return 'not all computed yet: the first `espalier prove` with this SRS does it';
}

const KEY_HASH_CHARS = 14;

function row(facts: CircuitFacts): readonly string[] {
  const { cores, memoryGiB } = facts.requirement;
  const [latest] = facts.times;
  return [
    facts.circuit,
    formatCount(facts.gates),
    `2^${Math.log2(facts.dyadicGates)}`,
    formatCount(facts.srsPoints),
    facts.resourceClass,
    `${formatPlural(cores, 'core')}, ${memoryGiB} GiB`,
    formatBytes(facts.proofBytes),
    facts.keyHash === null ? '-' : `${facts.keyHash.slice(0, KEY_HASH_CHARS)}…`,
    latest === undefined ? 'not yet: prove a block' : timeText(latest),
  ];
}

function timeText({ prover, threads, proofs, medianMs }: MeasuredTime): string {
  return `${formatDuration(medianMs)} (${prover}, ${formatPlural(threads, 'thread')}, ${formatPlural(proofs, 'proof')})`;
}
