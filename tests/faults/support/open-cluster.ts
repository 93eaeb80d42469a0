import { Closing } from '../../../cli/cluster/closing.js';
import type { ClusterAddress } from '../../../cli/cluster/cluster-address.js';
import type { BlockId, BlockResult } from '../../../proto/index.js';
import { type BlockBoard, RedisBlockBoard } from '../../../queue/index.js';
import { BlockStore, openBlobStore, ProofStore } from '../../../store/index.js';

/** A cluster behind the API: what it keeps, for tests that look whether it is there. */
export interface Cluster {
  readonly address: ClusterAddress;
  readonly board: BlockBoard;
  readonly blocks: BlockStore;
  readonly proofs: ProofStore;
  /** How a block ended. */
  result(blockId: BlockId): Promise<BlockResult>;
  close(): Promise<void>;
}

/** Connects to Redis and store. */
export async function openCluster(address: ClusterAddress): Promise<Cluster> {
  const { redisUrl: url, storeUrl, namespace } = address;
  const onTrouble = () => {};
  const closing = new Closing();
  const board = closing.add(await RedisBlockBoard.open({ url, namespace, onTrouble }), (it) => it.close());
  const store = closing.add(await openBlobStore(storeUrl, { redisUrl: url, namespace, onTrouble }), async (it) =>
    it.close(),
  );
  const blocks = new BlockStore(store.blobs);
  return {
    address,
    board,
    blocks,
    proofs: new ProofStore(store.blobs),
    result: async (blockId) => {
      const result = await blocks.getResult(blockId);
      if (result === undefined) throw new Error(`there is no result of block ${blockId}`);
      return result;
    },
    close: () => closing.close(),
  };
}
