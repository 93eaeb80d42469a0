import type { Command } from 'commander';
import type { Cluster } from '../cluster/open-cluster.js';
import { renderProvers } from '../cluster/render-provers.js';
import { tallyProvers } from '../cluster/tally-provers.js';
import type { CliContext } from '../context.js';
import { addClusterOptions, CLUSTER_GROUP, type RawClusterOptions, withCluster } from './cluster-options.js';
import { addExamples } from './examples.js';

interface RawProversOptions extends RawClusterOptions {
  readonly json?: boolean;
}

/** `espalier provers BLOCK`. */
export function registerProvers(program: Command, context: CliContext): void {
  const command = program
    .command('provers')
    .helpGroup(CLUSTER_GROUP)
    .description('say who proved what of a block, and how much proving time each is to be credited with')
    .argument('<block>', 'id of a block, or its first 6 or more digits')
    .option('--json', 'print one JSON object');
  addClusterOptions(command).action((block: string, options: RawProversOptions) =>
    withCluster(options, context, (cluster) => show(cluster, block, options, context)),
  );
  addExamples(command, [
    { line: 'espalier provers 5204d4', meaning: 'by key and worker; each signature is checked' },
    { line: 'espalier provers 5204d4 --json', meaning: 'with whole keys, times in milliseconds' },
  ]);
}

async function show(cluster: Cluster, block: string, { json }: RawProversOptions, context: CliContext): Promise<void> {
  const { verifySignature } = await import('../../proto/index.js');
  const blockId = await cluster.resolve(block);
  const open = await cluster.board.find(blockId);
  const { jobs, state } = open ?? (await cluster.result(blockId));
  const summaries =
    open === undefined ? await cluster.blocks.getCredits(blockId) : await cluster.board.credits(blockId);
  const provers = tallyProvers(summaries, verifySignature);
  context.stdout.write(
    json ? `${JSON.stringify({ blockId, state, jobs, provers })}\n` : renderProvers({ blockId, jobs, provers }),
  );
}
