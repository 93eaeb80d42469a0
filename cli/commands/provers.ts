import type { Command } from 'commander';
import type { Client } from '../../client/index.js';
import { renderProvers } from '../api/render-provers.js';
import { tallyProvers } from '../api/tally-provers.js';
import { blockArgument } from '../completion/id-argument.js';
import type { CliContext } from '../context.js';
import { addExamples } from './examples.js';
import { API_GROUP, addServerOptions, type RawServerOptions, withClient } from './server-options.js';

interface RawProversOptions extends RawServerOptions {
  readonly json?: boolean;
}

/** `espalier provers BLOCK`. */
export function registerProvers(program: Command, context: CliContext): void {
  const command = program
    .command('provers')
    .helpGroup(API_GROUP)
    .description('say who proved what of a block, and how much proving time each is to be credited with')
    .addArgument(blockArgument())
    .option('--json', 'print one JSON object');
  addServerOptions(command).action((block: string, options: RawProversOptions) =>
    withClient(options, context, (client) => show(client, block, options, context)),
  );
  addExamples(command, [
    { line: 'espalier provers 5204d4', meaning: 'by key and worker; each signature is checked here' },
    { line: 'espalier provers 5204d4 --json', meaning: 'with whole keys, times in milliseconds' },
  ]);
}

async function show(client: Client, name: string, { json }: RawProversOptions, context: CliContext): Promise<void> {
  const { verifySignature } = await import('../../proto/index.js');
  const { signal } = context;
  const { blockId, jobs, state } = await client.block(name, { signal });
  const provers = await tallyProvers(client.credits(blockId, { signal }), verifySignature);
  context.stdout.write(
    json ? `${JSON.stringify({ blockId, state, jobs, provers })}\n` : renderProvers({ blockId, jobs, provers }),
  );
}
