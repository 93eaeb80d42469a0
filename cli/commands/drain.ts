import type { Command } from 'commander';
import { idArgument } from '../completion/id-argument.js';
import type { CliContext } from '../context.js';
import { addExamples } from './examples.js';
import { API_GROUP, addServerOptions, type RawServerOptions, withClient } from './server-options.js';

interface RawDrainOptions extends RawServerOptions {
  readonly reason: string;
  readonly json?: boolean;
}

/** `espalier drain WORKER`. */
export function registerDrain(program: Command, context: CliContext): void {
  const command = program
    .command('drain')
    .helpGroup(API_GROUP)
    .description('tell a worker to take no more jobs, finish those it has, and end')
    .addArgument(idArgument('workers', '<worker>', 'id of a worker, or the name of its machine where only one runs'))
    .option('--reason <text>', 'what the worker prints at its end', 'told to by `espalier drain`')
    .option('--json', 'print one JSON object');
  addServerOptions(command).action((worker: string, { reason, json, ...options }: RawDrainOptions) =>
    withClient(options, context, async (client) => {
      const { workerId } = await client.drain(worker, { reason, signal: context.signal });
      context.stdout.write(
        json
          ? `${JSON.stringify({ workerId })}\n`
          : `worker ${workerId} drains: it finishes the jobs it has, and ends\n`,
      );
    }),
  );
  addExamples(command, [
    { line: 'espalier drain node-a.1f2e3d4c', meaning: '`espalier workers` lists the ids' },
    { line: 'espalier drain node-a --reason "new kernel"', meaning: 'the only worker on machine node-a' },
  ]);
}
