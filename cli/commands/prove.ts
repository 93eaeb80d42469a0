import { basename, dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { cacheFolder, EspalierError } from '../../common/index.js';
import type { BlockSource, RunEventBody } from '../../proto/index.js';
import type { CliContext } from '../context.js';
import type { Manifest } from '../manifest/index.js';
import type { Engine } from '../run/engine.js';
import { addEngineOptions, parseEngineOptions, type RawEngineOptions, warningCode } from './engine-options.js';
import { addExamples } from './examples.js';

export interface RawProveOptions extends RawEngineOptions {
  readonly out?: string;
  readonly profile?: string;
  readonly keepProofs?: boolean;
  readonly json?: boolean;
}

/** `espalier prove BLOCK`. */
export function registerProve(program: Command, context: CliContext): void {
  const command = program
    .command('prove')
    .description('prove a block: check, execute, plan, prove, verify; stopped at any point, the same command goes on')
    .argument('<block>', 'block file, as `espalier block new` writes it');
  addProveOptions(command)
    .option(
      '--out <dir>',
      'folder for proofs and manifest (default: the block file with .proof in place of .json or .jsonl)',
    )
    .action((block: string, options: RawProveOptions) => run(block, options, context));
  addExamples(command, [
    { line: 'espalier prove block.json', meaning: 'into block.proof/; progress in a terminal, else JSON lines' },
    { line: 'espalier prove block.json --out proofs --keep-proofs', meaning: 'keep the proofs below the root too' },
    { line: 'espalier prove block.json --srs dev --json', meaning: 'with the development SRS, one JSON line an event' },
  ]);
}

/** The options that `demo` has too. */
export function addProveOptions(command: Command): Command {
  return addEngineOptions(command)
    .option(
      '--profile <file>',
      'what proofs of each class need (default: what `tune` found, else by the size of the machine)',
    )
    .option('--keep-proofs', 'keep child proofs when their parent is proven')
    .option('--json', 'one JSON line an event, in a terminal too');
}

async function run(blockFile: string, options: RawProveOptions, context: CliContext): Promise<void> {
  const { openBlockFile } = await import('../../orchestrator/index.js');
  const { createHasher } = await import('../../circuits/index.js');
  const path = resolve(context.cwd, blockFile);
  // Before the prover starts: a faulty block should not wait for an SRS.
  const block = await openBlockFile(path, await createHasher());
  try {
    const folder = options.out === undefined ? defaultFolder(path) : resolve(context.cwd, options.out);
    await proveAndShow(() => Promise.resolve(block.source), folder, options, context);
  } finally {
    await block.close();
  }
}

/** Proves a block into a folder and shows it. Resolves with the manifest; the summary is printed. */
export async function proveAndShow(
  sourceFor: (engine: Engine) => Promise<BlockSource>,
  folder: string,
  options: RawProveOptions,
  context: CliContext,
): Promise<Manifest> {
  const { openEngine } = await import('../run/engine.js');
  const { proveRun } = await import('../run/prove-run.js');
  const { createRunDisplay } = await import('../progress/run-display.js');
  const { medianTimes, ProvingTimes } = await import('../measures/index.js');
  const { namedOrTuned } = await import('../run/chosen-profile.js');
  const { summaryText } = await import('../run/summary.js');
  const profilePath = options.profile === undefined ? undefined : resolve(context.cwd, options.profile);
  const profile = await namedOrTuned(profilePath, context.env);
  const engineOptions = parseEngineOptions(options, context, {
    onWarning: (message) => onEvent({ kind: 'warning', code: warningCode(options), message }),
    onWait: (message) => context.aside.say(message),
  });
  const times = new ProvingTimes(cacheFolder(context.env));
  const priors = medianTimes(await times.read(), engineOptions.prover.kind);
  const display = createRunDisplay(context, { json: options.json === true, priors });
  let failureShown = false;
  const onEvent = (event: RunEventBody) => {
    failureShown ||= event.kind === 'block-failed';
    display.onEvent({ atMs: context.clock.nowMs(), ...event });
  };
  let engine: Engine | undefined;
  try {
    engine = await openEngine(engineOptions);
    const source = await sourceFor(engine);
    const keepProofs = options.keepProofs === true;
    const manifest = await proveRun(engine, { source, folder, profile, keepProofs, times, onEvent }, context);
    display.stop();
    context.aside.say(summaryText(manifest, folder, context.cwd));
    return manifest;
  } catch (thrown) {
    const error = EspalierError.from(thrown).toSerialized();
    if (!failureShown) onEvent({ kind: 'block-failed', blockId: null, jobId: null, error });
    throw thrown;
  } finally {
    display.stop();
    await engine?.stop();
  }
}

export function isSimulated({ prover }: RawProveOptions): boolean {
  return prover === 'simulated';
}

function defaultFolder(blockPath: string): string {
  return join(dirname(blockPath), `${basename(blockPath).replace(/\.jsonl?$/, '')}.proof`);
}
