import type { Command } from 'commander';
import { renderCapacity } from '../api/render-capacity.js';
import type { CliContext } from '../context.js';
import { addExamples } from './examples.js';
import { API_GROUP, addServerOptions, type RawServerOptions, withClient } from './server-options.js';

interface RawCapacityOptions extends RawServerOptions {
  readonly json?: boolean;
}

/** `espalier capacity`. */
export function registerCapacity(program: Command, context: CliContext): void {
  const command = program
    .command('capacity')
    .helpGroup(API_GROUP)
    .description(
      'show what is asked of each class of worker, which class is short, and how much time each block has left',
    )
    .option('--json', 'print one JSON object');
  addServerOptions(command).action((options: RawCapacityOptions) =>
    withClient(options, context, async (client) => {
      const capacity = await client.capacity({ signal: context.signal });
      const { stdout, clock } = context;
      stdout.write(options.json ? `${JSON.stringify(capacity)}\n` : renderCapacity(capacity, clock.nowMs()));
    }),
  );
  addExamples(command, [
    { line: 'espalier capacity', meaning: 'a line for each class, a line for each open block' },
    { line: 'espalier capacity --json', meaning: 'for a program that starts machines' },
  ]);
}
