import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHasher } from '../../circuits/index.js';
import { BlockIntake, checkedSource, type PreparedBlock, planExecution } from '../../orchestrator/index.js';
import type { BlockId, BlockPart } from '../../proto/index.js';
import type { JobQueue } from '../../queue/index.js';
import { BlockStore, FileBlobStore, StoredBlock } from '../../store/index.js';
import { simulatedBlockParts, simulatedTools } from '../executing/simulated-tools.js';
import { keptBytes } from './kept-bytes.js';
import { type NoOpBlock, NoOpRun } from './no-op-run.js';
import { type TreeShape, treeOf } from './tree-shape.js';

type Queue = Pick<JobQueue, 'producer'>;

/**
 * Resolves with what this process keeps of a block that has just been handed over, in bytes: when all is queued that goes
 * ahead, and nobody takes it. That is its tree, the scheduler's part and the queue's: such a block was never executed. To be
 * asked once, and for nothing else afterwards.
 */
export function keptOfBlock(queue: Queue, shape: TreeShape): Promise<number> {
  return keptOf(queue, async () => ({ id: 'kept', tree: treeOf(shape, 'kept') }));
}

/** As `keptOfBlock`, of all of a block that was read from a store and executed. `calls`: of each transaction. */
export async function keptOfExecutedBlock(queue: Queue, { transactions, calls }: TreeShape): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'espalier-kept-'));
  try {
    const tools = await simulatedTools();
    const blocks = new BlockStore(await FileBlobStore.open(folder));
    const prepare = async (txs: number): Promise<PreparedBlock> => {
      const content = await StoredBlock.open(
        blocks,
        await storeBlock(simulatedBlockParts(tools, { txs, calls }), blocks),
      );
      if (content === undefined) throw new Error('the block was not stored');
      return planExecution(checkedSource(content, tools.hasher), tools, { executions: blocks });
    };
    // Code and tables that the first block of a process needs are not what it keeps of the next. Nothing holds that one.
    await prepare(1).then(() => undefined);
    return await keptOf(queue, () => prepare(transactions));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function storeBlock(parts: AsyncIterable<BlockPart>, blocks: BlockStore): Promise<BlockId> {
  const intake = await BlockIntake.open({ hasher: await createHasher() });
  try {
    for await (const part of parts) await intake.add(part);
    const { blockId } = await intake.finish();
    await intake.store(blocks);
    return blockId;
  } finally {
    await intake.close();
  }
}

async function keptOf(queue: Queue, prepare: () => Promise<NoOpBlock>): Promise<number> {
  const before = await keptBytes();
  const run = new NoOpRun(queue.producer, await prepare());
  const ended = run.run().then(() => {
    throw new Error('somebody proved the block');
  });
  await Promise.race([run.queued(), ended]);
  return (await keptBytes()) - before;
}
