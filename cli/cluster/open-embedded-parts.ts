import { join } from 'node:path';
import { FolderLock } from '../../common/index.js';
import { type JobConsumer, MemoryBlockBoard, MemoryFleet, MemoryJobQueue } from '../../queue/index.js';
import { BlockStore, FileBlobStore, ProofStore } from '../../store/index.js';
import type { Closing } from './closing.js';
import type { PartsOptions } from './open-cluster-parts.js';
import type { OrchestratorParts } from './orchestrator-parts.js';

export interface EmbeddedParts extends OrchestratorParts {
  readonly fleet: MemoryFleet;
  readonly consumer: (workerId: string) => JobConsumer;
}

/**
 * All of a cluster in this process, with what outlives it in `<folder>/store`. Rejects with `folder-busy` while another
 * process has the folder.
 */
export async function openEmbeddedParts(
  folder: string,
  { orchestratorId, srs, onTrouble, monitoring }: Omit<PartsOptions, 'system'>,
  closing: Closing,
): Promise<EmbeddedParts> {
  closing.add(
    await FolderLock.acquire(folder, { remedy: 'wait until it has ended, or choose another folder with --store' }),
    (it) => it.release(),
  );
  const files = await FileBlobStore.open(join(folder, 'store'));
  const blobs = monitoring.timed(files);
  const board = await MemoryBlockBoard.open({ records: files, onTrouble });
  const fleet = closing.add(new MemoryFleet(), (it) => it.close());
  const queue = closing.add(new MemoryJobQueue(), (it) => it.close());
  const owner = closing.add(board.owner(orchestratorId, srs), (it) => it.close());
  return {
    orchestratorId,
    board,
    events: board.events,
    owner,
    queue: queue.producer,
    consumer: (workerId) => queue.consumer(workerId),
    fleet,
    blocks: new BlockStore(blobs),
    proofs: new ProofStore(blobs),
    jobCounts: () => queue.counts(),
    place: { store: folder },
  };
}
