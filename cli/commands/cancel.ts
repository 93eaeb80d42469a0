import type { Command } from 'commander';
import { EspalierError } from '../../common/index.js';
import type { Cluster } from '../cluster/open-cluster.js';
import { shortId } from '../cluster/render-blocks.js';
import type { CliContext } from '../context.js';
import { addClusterOptions, CLUSTER_GROUP, type RawClusterOptions, withCluster } from './cluster-options.js';
import { addExamples } from './examples.js';

interface RawCancelOptions extends RawClusterOptions {
  readonly wait: boolean;
}

/** `espalier cancel BLOCK`. */
export function registerCancel(program: Command, context: CliContext): void {
  const command = program
    .command('cancel')
    .helpGroup(CLUSTER_GROUP)
    .description('stop proving a block: its running proofs end within a second, its finished ones are kept')
    .argument('<block>', 'id of a block, or its first 6 or more digits')
    .option('--no-wait', 'do not wait until it has ended');
  addClusterOptions(command).action((block: string, options: RawCancelOptions) =>
    withCluster(options, context, (cluster) => cancel(cluster, block, options, context)),
  );
  addExamples(command, [
    { line: 'espalier cancel 5204d4', meaning: 'resolves when it has ended; submit it again to go on' },
    { line: 'espalier cancel 5204d4 --no-wait', meaning: 'leave it to its orchestrator' },
  ]);
}

async function cancel(cluster: Cluster, block: string, { wait }: RawCancelOptions, context: CliContext): Promise<void> {
  const { watchBlock } = await import('../cluster/watch-block.js');
  const blockId = await cluster.resolve(block);
  if (!(await cluster.board.cancel(blockId))) {
    const { state } = await cluster.result(blockId);
    throw new EspalierError('usage', `block ${shortId(blockId)} is not open: it is ${state} already`, {
      remedy: `\`espalier status ${shortId(blockId)}\` shows how it ended`,
    });
  }
  if (!wait) {
    context.stdout.write(`block ${shortId(blockId)} is being cancelled\n`);
    return;
  }
  const { state } = await watchBlock(
    cluster,
    blockId,
    () => undefined,
    context.signal,
    () => notWaiting(shortId(blockId)),
  );
  context.stdout.write(
    state === 'cancelled'
      ? `block ${shortId(blockId)} is cancelled\n`
      : `block ${shortId(blockId)} is ${state}: it had ended before it could be cancelled\n`,
  );
}

/** Whoever stops waiting stops nothing: that the block is to end is noted. */
function notWaiting(id: string): EspalierError {
  return new EspalierError('cancelled', `no longer waiting for block ${id}: it is being cancelled`, {
    remedy: `\`espalier status ${id}\` shows when it has ended`,
  });
}
