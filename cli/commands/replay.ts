import type { Command } from 'commander';
import type { CliContext } from '../context.js';
import { addClusterOptions, CLUSTER_GROUP, type RawClusterOptions, withStore } from './cluster-options.js';
import { addEngineOptions, parseEngineOptions, type RawEngineOptions } from './engine-options.js';
import { addExamples } from './examples.js';

interface RawReplayOptions extends RawClusterOptions, RawEngineOptions {}

/** `espalier replay JOB`. */
export function registerReplay(program: Command, context: CliContext): void {
  const command = program
    .command('replay')
    .helpGroup(CLUSTER_GROUP)
    .description(
      'prove a job that failed for good once more, here and step by step, from the inputs that were kept of it',
    )
    .argument('<job>', 'id of the job, as `espalier status BLOCK` shows it');
  addEngineOptions(addClusterOptions(command)).action((job: string, options: RawReplayOptions) =>
    run(job, options, context),
  );
  addExamples(command, [
    {
      line: 'espalier replay public-kernel-first.0.0.5e2c…',
      meaning: 'ends with the error that it meets; stores nothing',
    },
  ]);
}

async function run(job: string, options: RawReplayOptions, context: CliContext): Promise<void> {
  const say = (line: string) => context.aside.say(line);
  const engineOptions = parseEngineOptions(options, context, {
    onWarning: (message) => say(`warning: ${message}`),
    onWait: say,
  });
  const { replayJob } = await import('../cluster/replay-job.js');
  await withStore(options, context, (store) =>
    replayJob(job, store, engineOptions, {
      signal: context.signal,
      onStep: (step, text) => void context.stdout.write(`${step.padEnd(STEP_CHARS)}  ${text}\n`),
    }),
  );
}

/** As wide as the longest step. */
const STEP_CHARS = 'witness'.length;
