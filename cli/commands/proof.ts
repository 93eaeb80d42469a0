import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { Cluster } from '../cluster/open-cluster.js';
import { shortId } from '../cluster/render-blocks.js';
import type { CliContext } from '../context.js';
import { addClusterOptions, CLUSTER_GROUP, type RawClusterOptions, withCluster } from './cluster-options.js';
import { addExamples } from './examples.js';

interface RawProofOptions extends RawClusterOptions {
  readonly out?: string;
  readonly block?: string;
}

/** `espalier proof BLOCK`. */
export function registerProof(program: Command, context: CliContext): void {
  const command = program
    .command('proof')
    .helpGroup(CLUSTER_GROUP)
    .description('fetch the root proof of a proven block, verify it, and write what `espalier prove` writes')
    .argument('<block>', 'id of a block, or its first 6 or more digits')
    .option('--out <dir>', 'folder for root, block and manifest (default: the first 12 digits of the id, and .proof)')
    .option('--block <file>', 'the block as it was submitted (default: as the store has it)');
  addClusterOptions(command).action((block: string, options: RawProofOptions) =>
    withCluster(options, context, (cluster) => fetch(cluster, block, options, context)),
  );
  addExamples(command, [
    {
      line: 'espalier proof 5204d4 --out block.proof',
      meaning: 'check it anywhere with `espalier verify block.proof`',
    },
  ]);
}

async function fetch(cluster: Cluster, block: string, options: RawProofOptions, context: CliContext): Promise<void> {
  const { fetchProof } = await import('../cluster/fetch-proof.js');
  const { summaryText } = await import('../run/summary.js');
  const blockId = await cluster.resolve(block);
  const { cwd } = context;
  const folder = resolve(cwd, options.out ?? `${shortId(blockId)}.proof`);
  const blockFile = options.block === undefined ? undefined : resolve(cwd, options.block);
  const manifest = await fetchProof(cluster, { blockId, folder, blockFile }, context);
  context.stdout.write(`${summaryText(manifest, folder, cwd)}\n`);
}
