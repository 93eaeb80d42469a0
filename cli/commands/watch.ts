import type { Command } from 'commander';
import type { Client } from '../../client/index.js';
import { renderResult } from '../api/render-blocks.js';
import { blockArgument } from '../completion/id-argument.js';
import type { CliContext } from '../context.js';
import { addExamples } from './examples.js';
import { API_GROUP, addServerOptions, type RawServerOptions, withClient } from './server-options.js';

interface RawWatchOptions extends RawServerOptions {
  readonly json?: boolean;
}

/** `espalier watch BLOCK`. */
export function registerWatch(program: Command, context: CliContext): void {
  const command = program
    .command('watch')
    .helpGroup(API_GROUP)
    .description(
      'follow a block until it has ended: progress, when its root will land, and what is short; goes on by itself when the server was away',
    )
    .addArgument(blockArgument())
    .option('--json', 'print every event as a JSON line');
  addServerOptions(command).action((block: string, options: RawWatchOptions) =>
    withClient(options, context, (client) => watchToEnd(client, block, options.json === true, context)),
  );
  addExamples(command, [
    { line: 'espalier watch 5204d4', meaning: 'exits as `espalier prove` would; Ctrl-C stops the watching only' },
    { line: 'espalier watch 5204d4 --json', meaning: 'what happens, for a program' },
  ]);
}

/** Shows a block until it has ended, and how it did. Rejects with what it failed with. */
export async function watchToEnd(client: Client, block: string, json: boolean, context: CliContext): Promise<void> {
  const { followBlock, requireProven } = await import('../api/follow-block.js');
  const { createWatchDisplay } = await import('../api/watch-display.js');
  const display = createWatchDisplay(context, json);
  try {
    const ended = await followBlock(client, block, (update) => display.onUpdate(update), context.signal);
    display.stop();
    if (!json && ended.state === 'proven') context.aside.say(renderResult(ended, context.clock.nowMs()).trimEnd());
    requireProven(ended);
  } finally {
    display.stop();
  }
}
