import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { Client, SubmitOptions, Submitted } from '../../client/index.js';
import { EspalierError } from '../../common/index.js';
import { contentText, shortId } from '../api/render-blocks.js';
import type { CliContext } from '../context.js';
import { formatCount } from '../format.js';
import { addExamples } from './examples.js';
import { parseWindow } from './parse-window.js';
import { API_GROUP, addServerOptions, type RawServerOptions, withClient } from './server-options.js';
import { watchToEnd } from './watch.js';

interface RawSubmitOptions extends RawServerOptions {
  readonly watch?: boolean;
  readonly json?: boolean;
  /** In milliseconds. */
  readonly window?: number;
  readonly keepProofs?: boolean;
  readonly replace?: string;
}

/** `espalier submit FILE`. */
export function registerSubmit(program: Command, context: CliContext): void {
  const command = program
    .command('submit')
    .helpGroup(API_GROUP)
    .description('give a block to a cluster to prove; submitting it again is harmless, and goes on where it had ended')
    .argument('<file>', 'block file, as `espalier block new` writes it')
    .option('--watch', 'show it until it has ended; exits as `espalier prove` would')
    .option('--window <time>', 'proving window, as in 90s, 8m or 1h (default: the server’s, 8 minutes)', parseWindow)
    .option('--keep-proofs', 'keep every proof of the tree until the block is forgotten')
    .option('--replace <block>', 'put it in the place of this block, which is cancelled (a reorg)')
    .option('--json', 'print JSON lines');
  addServerOptions(command).action((file: string, options: RawSubmitOptions) =>
    withClient(options, context, (client) => submit(client, file, options, context)),
  );
  addExamples(command, [
    { line: 'espalier submit block.json', meaning: 'prints the id of the block' },
    { line: 'espalier submit block.json --watch --window 8m', meaning: 'Ctrl-C stops the watching, not the block' },
    { line: 'espalier submit new.json --replace 5204d4', meaning: 'keeps the proofs of what both begin with' },
  ]);
}

async function submit(client: Client, file: string, options: RawSubmitOptions, context: CliContext): Promise<void> {
  const { readBlockParts } = await import('../../proto/index.js');
  const path = resolve(context.cwd, file);
  const { json = false, replace, window: windowMs, keepProofs = false } = options;
  const submitOptions: SubmitOptions = {
    ...(windowMs === undefined ? {} : { windowMs }),
    keepProofs,
    signal: context.signal,
    onProgress: tellProgress(json, context),
  };
  const parts = () => readBlockParts(path);
  const submitted: Submitted =
    replace === undefined
      ? await client.submit(parts, submitOptions)
      : await client.replace(replace, parts, submitOptions);
  await report(client, submitted, options, context);
  if (options.watch) await watchToEnd(client, submitted.blockId, json, context);
}

async function report(
  client: Client,
  submitted: Submitted,
  { json }: RawSubmitOptions,
  { stdout, aside, clock, signal }: CliContext,
): Promise<void> {
  const { blockId, outcome } = submitted;
  const content = await contentOf(client, blockId, signal);
  if (json) {
    const line = { atMs: clock.nowMs(), kind: 'submission', ...submitted, ...content };
    stdout.write(`${JSON.stringify(line)}\n`);
    return;
  }
  stdout.write(`${blockId}\n`);
  aside.say(OUTCOMES[outcome](shortId(blockId), content === null ? '' : `: ${contentText(content)}`));
  if ('replacedBlockId' in submitted) {
    const { replacedBlockId, wasOpen } = submitted as Submitted & { replacedBlockId: string; wasOpen: boolean };
    aside.say(`block ${shortId(replacedBlockId)} ${wasOpen ? 'is cancelled' : 'had ended already'}`);
  }
}

/** null: who may submit need not be one who may look. */
async function contentOf(client: Client, blockId: string, signal: AbortSignal) {
  try {
    const { transactions, calls } = await client.block(blockId, { signal });
    return { transactions, calls };
  } catch (thrown) {
    if (EspalierError.from(thrown).code === 'permission-denied') return null;
    throw thrown;
  }
}

const OUTCOMES = {
  submitted: (id: string, content: string) => `submitted${content}; \`espalier watch ${id}\` shows it`,
  open: (id: string) => `it is open already; \`espalier watch ${id}\` shows it`,
  proven: (id: string) => `it is proven already; \`espalier proof ${id}\` fetches its root proof`,
} as const;

const PROGRESS_INTERVAL_MS = 5_000;

/** Says now and then how far the sending of a large block is. */
function tellProgress(json: boolean, { aside, clock }: CliContext): NonNullable<SubmitOptions['onProgress']> {
  let saidAtMs = clock.monotonicMs();
  return ({ transactions }) => {
    const nowMs = clock.monotonicMs();
    if (json || nowMs - saidAtMs < PROGRESS_INTERVAL_MS) return;
    saidAtMs = nowMs;
    aside.say(`sent ${formatCount(transactions)} transactions`);
  };
}
