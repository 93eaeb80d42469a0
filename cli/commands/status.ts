import type { Command } from 'commander';
import type { BlockView, Client } from '../../client/index.js';
import { nobodyThere } from '../api/nobody-there.js';
import { isEnded, renderCluster, renderOpenBlock, renderResult } from '../api/render-blocks.js';
import { blockArgument } from '../completion/id-argument.js';
import type { CliContext } from '../context.js';
import { addExamples } from './examples.js';
import { API_GROUP, addServerOptions, type RawServerOptions, withClient } from './server-options.js';

interface RawStatusOptions extends RawServerOptions {
  readonly json?: boolean;
}

const OPEN = ['queued', 'preparing', 'proving', 'cancelling'] as const;
const ENDED = ['proven', 'failed', 'cancelled'] as const;
/** Blocks that have ended shown beside the open ones. */
const ENDED_MAX = 10;

/** `espalier status [BLOCK]`. */
export function registerStatus(program: Command, context: CliContext): void {
  const command = program
    .command('status')
    .helpGroup(API_GROUP)
    .description(
      'show the blocks of a cluster: the open ones, what they ask of the workers, and how the latest others ended; or one block',
    )
    .addArgument(blockArgument('[block]'))
    .option('--json', 'print one JSON object');
  addServerOptions(command).action((block: string | undefined, options: RawStatusOptions) =>
    withClient(options, context, (client) =>
      block === undefined ? showAll(client, options, context) : showOne(client, block, options, context),
    ),
  );
  addExamples(command, [
    { line: 'espalier status', meaning: 'where each block is, with ESPALIER_SERVER set where it is another machine' },
    { line: 'espalier status 5204d4', meaning: 'one block, also after it has ended' },
    { line: 'espalier status --json --server prover.example:7420 --tls', meaning: 'for a program' },
  ]);
}

async function showAll(client: Client, { json }: RawStatusOptions, context: CliContext): Promise<void> {
  const { stdout, clock, signal } = context;
  const open = await first(client.blocks({ states: OPEN, pageSize: 1_000, signal }), Number.POSITIVE_INFINITY);
  const ended = await first(client.blocks({ states: ENDED, pageSize: ENDED_MAX, signal }), ENDED_MAX);
  const capacity = await client.capacity({ signal });
  if (json) {
    stdout.write(`${JSON.stringify({ open, ended, capacity })}\n`);
    return;
  }
  stdout.write(renderCluster({ open, ended, capacity }, clock.nowMs()) + hint(open, capacity.workers));
}

/** A line about who is missing, or nothing. */
function hint(open: readonly BlockView[], workers: Readonly<Record<string, number>>): string {
  const text = nobodyThere(
    open,
    Object.values(workers).reduce((sum, count) => sum + count, 0),
  );
  return text === null ? '' : `\n${text}\n`;
}

async function first<T>(items: AsyncIterable<T>, max: number): Promise<readonly T[]> {
  const taken: T[] = [];
  for await (const item of items) {
    taken.push(item);
    if (taken.length >= max) break;
  }
  return taken;
}

async function showOne(client: Client, name: string, { json }: RawStatusOptions, context: CliContext): Promise<void> {
  const { stdout, clock, signal } = context;
  const block = await client.block(name, { signal });
  if (json) {
    stdout.write(`${JSON.stringify(block)}\n`);
  } else if (isEnded(block.state)) {
    stdout.write(renderResult(block, clock.nowMs()));
  } else {
    const { workers } = await client.capacity({ signal });
    stdout.write(renderOpenBlock(block, clock.nowMs()) + hint([block], workers));
  }
}
