import type { Command } from 'commander';
import { shortId } from '../cluster/render-blocks.js';
import type { CliContext } from '../context.js';
import { addClusterOptions, CLUSTER_GROUP, type RawClusterOptions, withCluster } from './cluster-options.js';
import { addExamples } from './examples.js';

/** `espalier forget BLOCK`. */
export function registerForget(program: Command, context: CliContext): void {
  const command = program
    .command('forget')
    .helpGroup(CLUSTER_GROUP)
    .description('delete what is left of a block that has ended: its result, its root proof, what was kept of it')
    .argument('<block>', 'id of a block, or its first 6 or more digits');
  addClusterOptions(command).action((block: string, options: RawClusterOptions) =>
    withCluster(options, context, async (cluster) => {
      const { forgetBlock } = await import('../../orchestrator/index.js');
      const blockId = await cluster.resolve(block);
      await forgetBlock(blockId, cluster);
      context.stdout.write(`block ${shortId(blockId)} is forgotten\n`);
    }),
  );
  addExamples(command, [
    {
      line: 'espalier forget 5204d4',
      meaning: 'after `espalier proof 5204d4 --out FOLDER` has fetched its root proof',
    },
  ]);
}
