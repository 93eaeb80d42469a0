import type { BlockId, BlockResult } from '../../proto/index.js';
import {
  type BlockBoard,
  countJobs,
  type Fleet,
  type QueueCounts,
  RedisBlockBoard,
  RedisFleet,
} from '../../queue/index.js';
import { BlockStore, openBlobStore, ProofStore } from '../../store/index.js';
import { Closing } from './closing.js';
import type { ClusterAddress } from './cluster-address.js';
import { resolveBlock, unknownBlock } from './resolve-block.js';

/** A cluster as the commands see it that look at it and steer it. */
export interface Cluster {
  readonly address: ClusterAddress;
  readonly board: BlockBoard;
  readonly fleet: Fleet;
  /** How many jobs wait and are leased. */
  jobCounts(): Promise<QueueCounts>;
  readonly blocks: BlockStore;
  readonly proofs: ProofStore;
  /** The id of the block that a user means, open or ended; see `resolveBlock`. */
  resolve(text: string): Promise<BlockId>;
  /** How a block ended. Rejects with `block-unknown` for one of which there is no result. */
  result(blockId: BlockId): Promise<BlockResult>;
  close(): Promise<void>;
}

/** Connects to Redis and store. Rejects with what `connectRedis` and `openBlobStore` reject with. */
export async function openCluster(
  address: ClusterAddress,
  { onTrouble }: { readonly onTrouble: (line: string) => void },
): Promise<Cluster> {
  const { redisUrl: url, storeUrl, namespace } = address;
  const closing = new Closing();
  try {
    const board = closing.add(await RedisBlockBoard.open({ url, namespace, onTrouble }), (it) => it.close());
    const fleet = closing.add(await RedisFleet.open({ url, namespace, onTrouble }), (it) => it.close());
    const store = closing.add(await openBlobStore(storeUrl, { redisUrl: url, namespace, onTrouble }), async (it) =>
      it.close(),
    );
    const blocks = new BlockStore(store.blobs);
    return {
      address,
      board,
      fleet,
      jobCounts: () => countJobs({ url, namespace, onTrouble }),
      blocks,
      proofs: new ProofStore(store.blobs),
      resolve: (text) => resolveBlock(text, namespace, () => knownBlocks(board, blocks)),
      result: async (blockId) => {
        const result = await blocks.getResult(blockId);
        if (result === undefined) throw unknownBlock(blockId, namespace);
        return result;
      },
      close: () => closing.close(),
    };
  } catch (error) {
    await closing.close().catch(() => undefined);
    throw error;
  }
}

/** Ids of all blocks that are open or not forgotten. */
async function knownBlocks(board: BlockBoard, blocks: BlockStore): Promise<ReadonlySet<BlockId>> {
  const known = new Set((await board.list()).map(({ blockId }) => blockId));
  for await (const blockId of blocks.listBlocks()) known.add(blockId);
  for await (const { blockId } of blocks.listResults()) known.add(blockId);
  return known;
}
