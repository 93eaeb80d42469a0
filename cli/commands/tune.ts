import { resolve } from 'node:path';
import type { Command } from 'commander';
import { EspalierError } from '../../common/index.js';
import type { Profile } from '../../proto/index.js';
import type { CliContext } from '../context.js';
import { formatBytes, formatPlural, formatTable } from '../format.js';
import type { MeasuredSplit, SampleCircuit, Split } from '../tune/index.js';
import { addEngineOptions, parseCount, parseEngineOptions, type RawEngineOptions } from './engine-options.js';
import { addExamples } from './examples.js';

interface RawTuneOptions extends RawEngineOptions {
  readonly repetitions: number;
  readonly profile?: string;
  readonly out?: string;
  readonly reset?: boolean;
  readonly json?: boolean;
}

const REPETITIONS_DEFAULT = 2;
const REPETITIONS_MAX = 100;
/** Of the cores: if other programs had more, what was measured is hardly worth anything. */
const OTHERS_SHARE_MAX = 0.05;

/** `espalier tune`. */
export function registerTune(program: Command, context: CliContext): void {
  const command = program
    .command('tune')
    .description('measure how many proofs at a time this machine makes the most of, and keep that as its profile')
    .option(
      '--repetitions <n>',
      'measure each split of the cores so many times and take the median',
      parseCount('--repetitions', 1, REPETITIONS_MAX),
      REPETITIONS_DEFAULT,
    )
    .option('--profile <file>', 'start from this profile: its classes of circuits, GPUs and time limits stay')
    .option('--out <file>', 'write the profile there, for --profile, and not where this machine finds it by itself')
    .option('--reset', 'forget what this machine was tuned to, and measure nothing')
    .option('--json', 'print one JSON object');
  addEngineOptions(command).action((options: RawTuneOptions) => run(options, context));
  addExamples(command, [
    { line: 'espalier tune', meaning: 'three to five minutes on two cores; let nothing else run' },
    {
      line: 'espalier tune --out profile.json',
      meaning: 'for machines like this one: `worker --profile profile.json`',
    },
    { line: 'espalier tune --reset', meaning: 'back to the built-in profiles' },
  ]);
}

async function run(options: RawTuneOptions, context: CliContext): Promise<void> {
  const tune = await import('../tune/index.js');
  const { env, cwd, stdout } = context;
  if (options.reset) {
    await tune.removeTunedProfile(env);
    stdout.write(options.json ? `${JSON.stringify({ reset: true })}\n` : 'this machine has no profile of its own\n');
    return;
  }
  if (options.prover === 'simulated') {
    throw new EspalierError('usage', '--prover simulated says nothing of this machine', {
      remedy: 'leave --prover out, or name a prover that proves',
    });
  }
  const base = await baseProfile(options.profile, context);
  const measured = await measure(options, context);
  const profile = tune.tunedProfile(base, measured);
  const path = options.out === undefined ? tune.tunedProfilePath(env) : resolve(cwd, options.out);
  await tune.writeProfile(path, profile);
  if (options.json) {
    stdout.write(`${JSON.stringify({ measured: Object.fromEntries(measured), profile, path })}\n`);
    return;
  }
  const use =
    options.out === undefined
      ? '`espalier worker` and `espalier prove` use it on this machine from now on; `espalier tune --reset` forgets it'
      : `use it with --profile ${options.out}`;
  stdout.write(`${describe(measured, tune)}\n${describeProfile(profile)}\nprofile: ${path}\n${use}\n`);
}

async function baseProfile(path: string | undefined, { cwd }: CliContext): Promise<Profile> {
  const { builtInOrNamed } = await import('../run/chosen-profile.js');
  return (await builtInOrNamed(path === undefined ? undefined : resolve(cwd, path))).profile;
}

async function measure(
  options: RawTuneOptions,
  context: CliContext,
): Promise<ReadonlyMap<SampleCircuit, readonly MeasuredSplit[]>> {
  const { measurePacking, sampleRequests, splitsOf } = await import('../tune/index.js');
  const { openEngine } = await import('../run/engine.js');
  const { probeMachine, watchOthers } = await import('../../native/index.js');
  const { aside, signal } = context;
  const say = (message: string) => aside.say(message);
  const engine = await openEngine(parseEngineOptions(options, context, { onWarning: say, onWait: say }));
  try {
    const { cores, memoryBytes } = await probeMachine();
    const { repetitions } = options;
    const othersCores = watchOthers();
    const measured = new Map<SampleCircuit, readonly MeasuredSplit[]>();
    for await (const request of sampleRequests(engine, { threads: cores, signal })) {
      const onSplit = ({ proofs, threads }: Split, repetition: number, isLeftOut: boolean) => {
        const what = `${request.name}: ${formatPlural(proofs, 'proof')} at a time, ${formatPlural(threads, 'thread')} each`;
        say(
          isLeftOut ? `${what}: left out, they would not fit the memory` : `${what} (${repetition} of ${repetitions})`,
        );
      };
      const splits = splitsOf(cores);
      const found = await measurePacking(engine.prover, request, { splits, repetitions, memoryBytes, signal, onSplit });
      measured.set(request.name, found);
    }
    const others = othersCores() ?? 0;
    if (others > OTHERS_SHARE_MAX * cores) {
      say(`other programs had ${others.toFixed(1)} cores meanwhile: tune again when nothing else runs`);
    }
    return measured;
  } finally {
    await engine.stop();
  }
}

type Tune = Pick<typeof import('../tune/index.js'), 'chooseSplit' | 'proofSeconds' | 'proofsPerMinute'>;

function describe(measured: ReadonlyMap<SampleCircuit, readonly MeasuredSplit[]>, tune: Tune): string {
  const rows = [...measured].flatMap(([circuit, splits]) => {
    const best = tune.chooseSplit(splits);
    return splits.map((split) => [
      circuit,
      `${split.proofs}`,
      `${split.threads}`,
      tune.proofSeconds(split).toFixed(1),
      tune.proofsPerMinute(split).toFixed(2),
      split.peakMemoryBytes === null ? '-' : formatBytes(split.peakMemoryBytes),
      split === best ? 'best' : '',
    ]);
  });
  return formatTable(rows, {
    header: ['circuit', 'at a time', 'threads', 's a proof', 'a minute', 'memory of one', ''],
    align: ['left', 'right', 'right', 'right', 'right', 'right', 'left'],
  });
}

function describeProfile({ classes }: Profile): string {
  const rows = Object.entries(classes).map(([name, { cores, memoryGiB, gpus }]) => {
    return [name, formatPlural(cores, 'core'), `${memoryGiB} GiB`, gpus > 0 ? formatPlural(gpus, 'GPU') : ''];
  });
  return formatTable(rows, { header: ['a proof of class', 'needs'] });
}
