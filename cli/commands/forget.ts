import type { Command } from 'commander';
import { shortId } from '../api/render-blocks.js';
import { blockArgument } from '../completion/id-argument.js';
import type { CliContext } from '../context.js';
import { addExamples } from './examples.js';
import { API_GROUP, addServerOptions, type RawServerOptions, withClient } from './server-options.js';

interface RawForgetOptions extends RawServerOptions {
  readonly json?: boolean;
}

/** `espalier forget BLOCK`. */
export function registerForget(program: Command, context: CliContext): void {
  const command = program
    .command('forget')
    .helpGroup(API_GROUP)
    .description('delete what is left of a block that has ended: its result, its root proof, what was kept of it')
    .addArgument(blockArgument())
    .option('--json', 'print one JSON object');
  addServerOptions(command).action((block: string, options: RawForgetOptions) =>
    withClient(options, context, async (client) => {
      const { blockId } = await client.forget(block, { signal: context.signal });
      context.stdout.write(
        options.json ? `${JSON.stringify({ blockId })}\n` : `block ${shortId(blockId)} is forgotten\n`,
      );
    }),
  );
  addExamples(command, [
    {
      line: 'espalier forget 5204d4',
      meaning: 'after `espalier proof 5204d4 --out FOLDER` has fetched its root proof',
    },
  ]);
}
