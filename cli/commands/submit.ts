import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { BlockId } from '../../proto/index.js';
import type { Cluster } from '../cluster/open-cluster.js';
import { contentText, renderResult, shortId } from '../cluster/render-blocks.js';
import type { CliContext } from '../context.js';
import { addClusterOptions, CLUSTER_GROUP, type RawClusterOptions, withCluster } from './cluster-options.js';
import { addExamples } from './examples.js';

interface RawSubmitOptions extends RawClusterOptions {
  readonly watch?: boolean;
  readonly json?: boolean;
}

/** `espalier submit FILE`. */
export function registerSubmit(program: Command, context: CliContext): void {
  const command = program
    .command('submit')
    .helpGroup(CLUSTER_GROUP)
    .description('give a block to a cluster to prove; submitting it again is harmless, and goes on where it had ended')
    .argument('<file>', 'block file, as `espalier block new` writes it')
    .option('--watch', 'show it until it has ended; exits as `espalier prove` would')
    .option('--json', 'print JSON lines');
  addClusterOptions(command).action((file: string, options: RawSubmitOptions) => run(file, options, context));
  addExamples(command, [
    { line: 'espalier submit block.json', meaning: 'prints the id of the block' },
    { line: 'espalier submit block.json --watch', meaning: 'Ctrl-C stops the watching, not the block' },
  ]);
}

async function run(file: string, options: RawSubmitOptions, context: CliContext): Promise<void> {
  const { openBlockFile, submitParts } = await import('../../orchestrator/index.js');
  const { createHasher } = await import('../../circuits/index.js');
  // Before anything is connected: a faulty block should not wait for it.
  const { source, facts, close } = await openBlockFile(resolve(context.cwd, file), await createHasher());
  const { blockId, transactions, calls } = facts;
  const submit = async (cluster: Cluster) => {
    await awaitCancelled(cluster, blockId, options, context);
    const outcome = (await isProven(cluster, blockId)) ? 'proven' : await submitParts(source.parts(), cluster);
    context.stdout.write(
      options.json
        ? `${JSON.stringify({ atMs: context.clock.nowMs(), kind: 'submission', blockId, outcome, transactions, calls })}\n`
        : `${blockId}\n`,
    );
    if (!options.json) context.aside.say(OUTCOMES[outcome](shortId(blockId), contentText({ transactions, calls })));
    if (options.watch) await watch(cluster, blockId, options, context);
  };
  await withCluster(options, context, submit).finally(close);
}

/** Says that a block is being cancelled, and waits until it is: it can be submitted again then. */
async function awaitCancelled(
  cluster: Cluster,
  blockId: BlockId,
  { json }: RawSubmitOptions,
  { stdout, aside, clock, signal }: CliContext,
): Promise<void> {
  const { whileCancelling } = await import('../cluster/watch-block.js');
  const onWaiting = () => {
    if (json)
      stdout.write(`${JSON.stringify({ atMs: clock.nowMs(), kind: 'waiting', blockId, state: 'cancelling' })}\n`);
    else aside.say('it is being cancelled: it is submitted again when that is over');
  };
  await whileCancelling(cluster, blockId, onWaiting, signal);
}

/** Whether there is nothing left to prove of a block. */
async function isProven({ board, blocks, proofs }: Cluster, blockId: BlockId): Promise<boolean> {
  const result = await blocks.getResult(blockId);
  if (result?.state !== 'proven' || result.rootId === null) return false;
  return (await board.find(blockId)) === undefined && (await proofs.hasProof(result.rootId));
}

const OUTCOMES = {
  submitted: (id: string, content: string) => `submitted: ${content}; \`espalier status ${id}\` shows it`,
  open: (id: string) => `it is open already; \`espalier status ${id}\` shows it`,
  proven: (id: string) => `it is proven already; \`espalier proof ${id}\` fetches its root proof`,
} as const;

async function watch(cluster: Cluster, blockId: BlockId, { json = false }: RawSubmitOptions, context: CliContext) {
  const { requireProven, watchBlock } = await import('../cluster/watch-block.js');
  const { createWatchDisplay } = await import('../cluster/watch-display.js');
  const display = createWatchDisplay(context, json);
  try {
    const result = await watchBlock(cluster, blockId, (status) => display.onStatus(status), context.signal);
    display.stop();
    const atMs = context.clock.nowMs();
    if (json) context.stdout.write(`${JSON.stringify({ atMs, kind: 'ended', ...result })}\n`);
    else if (result.state === 'proven') context.aside.say(renderResult(result, atMs).trimEnd());
    requireProven(result);
  } finally {
    display.stop();
  }
}
