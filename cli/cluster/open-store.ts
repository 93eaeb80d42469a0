import { BlockStore, openBlobStore, ProofStore } from '../../store/index.js';
import type { ClusterAddress } from './cluster-address.js';

/** What a cluster keeps, for commands that look into it without asking an orchestrator. */
export interface ClusterStore {
  readonly blocks: BlockStore;
  readonly proofs: ProofStore;
  close(): Promise<void>;
}

/** Rejects with what `openBlobStore` rejects with. */
export async function openStore(
  { redisUrl, storeUrl, namespace }: ClusterAddress,
  { onTrouble }: { readonly onTrouble: (line: string) => void },
): Promise<ClusterStore> {
  const { blobs, close } = await openBlobStore(storeUrl, { redisUrl, namespace, onTrouble });
  return { blocks: new BlockStore(blobs), proofs: new ProofStore(blobs), close: async () => close() };
}
