import type { Command } from 'commander';
import { renderWorkers } from '../api/render-workers.js';
import type { CliContext } from '../context.js';
import { addExamples } from './examples.js';
import { API_GROUP, addServerOptions, type RawServerOptions, withClient } from './server-options.js';

interface RawWorkersOptions extends RawServerOptions {
  readonly json?: boolean;
}

/** `espalier workers`. */
export function registerWorkers(program: Command, context: CliContext): void {
  const command = program
    .command('workers')
    .helpGroup(API_GROUP)
    .description('list the living workers of a cluster: what each offers, holds, and has room for')
    .option('--json', 'print one JSON array');
  addServerOptions(command).action((options: RawWorkersOptions) =>
    withClient(options, context, async (client) => {
      const workers = await client.workers({ signal: context.signal });
      context.stdout.write(
        options.json ? `${JSON.stringify(workers)}\n` : renderWorkers(workers, context.clock.nowMs()),
      );
    }),
  );
  addExamples(command, [
    { line: 'espalier workers', meaning: 'a line each' },
    { line: 'espalier workers --json', meaning: 'with public keys, for a program' },
  ]);
}
