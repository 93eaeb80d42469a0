import type { Command } from 'commander';
import type { BlockResult, BlockStatus } from '../../proto/index.js';
import { nobodyThere } from '../cluster/nobody-there.js';
import type { Cluster } from '../cluster/open-cluster.js';
import { renderCluster, renderOpenBlock, renderResult } from '../cluster/render-blocks.js';
import type { CliContext } from '../context.js';
import { addClusterOptions, CLUSTER_GROUP, type RawClusterOptions, withCluster } from './cluster-options.js';
import { addExamples } from './examples.js';

interface RawStatusOptions extends RawClusterOptions {
  readonly json?: boolean;
}

/** Blocks that have ended shown beside the open ones. */
const ENDED_MAX = 10;

/** `espalier status [BLOCK]`. */
export function registerStatus(program: Command, context: CliContext): void {
  const command = program
    .command('status')
    .helpGroup(CLUSTER_GROUP)
    .description(
      'show the blocks of a cluster: the open ones, how deep the queue is, and how the latest others ended; or one block',
    )
    .argument('[block]', 'id of a block, or its first 6 or more digits')
    .option('--json', 'print one JSON object');
  addClusterOptions(command).action((block: string | undefined, options: RawStatusOptions) =>
    withCluster(options, context, (cluster) =>
      block === undefined ? showAll(cluster, options, context) : showOne(cluster, block, options, context),
    ),
  );
  addExamples(command, [
    {
      line: 'espalier status',
      meaning: 'where each block is, and the queue, with ESPALIER_REDIS and ESPALIER_STORE set',
    },
    { line: 'espalier status 5204d4', meaning: 'one block, also after it has ended' },
    { line: 'espalier status --json --redis redis://host:6379 --store s3://bucket/proofs', meaning: 'for a program' },
  ]);
}

async function showAll(cluster: Cluster, { json }: RawStatusOptions, { stdout, clock }: CliContext): Promise<void> {
  const open = await cluster.board.list();
  const ended = await latestResults(cluster, new Set(open.map(({ blockId }) => blockId)));
  const view = { open, queue: await cluster.jobCounts(), ended };
  stdout.write(json ? `${JSON.stringify(view)}\n` : renderCluster(view, clock.nowMs()) + (await hint(cluster, open)));
}

/** A line about who is missing, or nothing. */
async function hint({ fleet }: Cluster, open: readonly BlockStatus[]): Promise<string> {
  const text = nobodyThere(open, open.length === 0 ? 0 : (await fleet.list()).length);
  return text === null ? '' : `\n${text}\n`;
}

/** Without those of blocks that are open again. */
async function latestResults({ blocks }: Cluster, open: ReadonlySet<string>): Promise<readonly BlockResult[]> {
  const results: BlockResult[] = [];
  for await (const result of blocks.listResults()) {
    if (!open.has(result.blockId)) results.push(result);
  }
  return results.sort((a, b) => b.endedAtMs - a.endedAtMs).slice(0, ENDED_MAX);
}

async function showOne(
  cluster: Cluster,
  block: string,
  { json }: RawStatusOptions,
  { stdout, clock }: CliContext,
): Promise<void> {
  const blockId = await cluster.resolve(block);
  const status = await cluster.board.find(blockId);
  if (status !== undefined) {
    stdout.write(
      json ? `${JSON.stringify(status)}\n` : renderOpenBlock(status, clock.nowMs()) + (await hint(cluster, [status])),
    );
    return;
  }
  const result = await cluster.result(blockId);
  stdout.write(json ? `${JSON.stringify(result)}\n` : renderResult(result, clock.nowMs()));
}
