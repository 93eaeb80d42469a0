import type { Command } from 'commander';
import type { BlockState, Client } from '../../client/index.js';
import { EspalierError } from '../../common/index.js';
import { shortId } from '../api/render-blocks.js';
import { blockArgument } from '../completion/id-argument.js';
import type { CliContext } from '../context.js';
import { addExamples } from './examples.js';
import { API_GROUP, addServerOptions, type RawServerOptions, withClient } from './server-options.js';

interface RawCancelOptions extends RawServerOptions {
  readonly wait: boolean;
  readonly json?: boolean;
}

/** `espalier cancel BLOCK`. */
export function registerCancel(program: Command, context: CliContext): void {
  const command = program
    .command('cancel')
    .helpGroup(API_GROUP)
    .description('stop proving a block: its running proofs end within a second, its finished ones are kept')
    .addArgument(blockArgument())
    .option('--no-wait', 'do not wait until it has ended')
    .option('--json', 'print one JSON object');
  addServerOptions(command).action((block: string, options: RawCancelOptions) =>
    withClient(options, context, (client) => cancel(client, block, options, context)),
  );
  addExamples(command, [
    { line: 'espalier cancel 5204d4', meaning: 'ends when the block has; submit it again to go on' },
    { line: 'espalier cancel 5204d4 --no-wait', meaning: 'leave it to its orchestrator' },
  ]);
}

async function cancel(client: Client, block: string, options: RawCancelOptions, context: CliContext): Promise<void> {
  const { stdout, signal } = context;
  const { blockId, wasOpen } = await client.cancel(block, { signal });
  const id = shortId(blockId);
  if (!wasOpen) {
    const { state } = await client.block(blockId, { signal });
    throw new EspalierError('usage', `block ${id} is not open: it is ${state} already`, {
      remedy: `\`espalier status ${id}\` shows how it ended`,
    });
  }
  const say = (state: string, text: string) =>
    void stdout.write(options.json ? `${JSON.stringify({ blockId, state })}\n` : `${text}\n`);
  if (!options.wait) {
    say('cancelling', `block ${id} is being cancelled`);
    return;
  }
  const state = await endedState(client, blockId, signal);
  if (state === null) {
    say('cancelling', `block ${id} is being cancelled`);
    return;
  }
  say(
    state,
    state === 'cancelled'
      ? `block ${id} is cancelled`
      : `block ${id} is ${state}: it had ended before it could be cancelled`,
  );
}

/** How the block ended; null: who may cancel need not be one who may look. */
async function endedState(client: Client, blockId: string, signal: AbortSignal): Promise<BlockState | null> {
  const { followBlock } = await import('../api/follow-block.js');
  const ignore = () => undefined;
  try {
    return (await followBlock(client, blockId, ignore, signal, () => notWaiting(shortId(blockId)))).state;
  } catch (thrown) {
    if (EspalierError.from(thrown).code === 'permission-denied') return null;
    throw thrown;
  }
}

/** Whoever stops waiting stops nothing: that the block is to end is noted. */
function notWaiting(id: string): EspalierError {
  return new EspalierError('cancelled', `no longer waiting for block ${id}: it is being cancelled`, {
    remedy: `\`espalier status ${id}\` shows when it has ended`,
  });
}
