import { redactRedisUrl } from '../../common/index.js';
import type { SrsName } from '../../proto/index.js';
import { BullmqJobQueue, RedisBlockBoard, RedisBlockEvents, RedisFleet, RedisHeart } from '../../queue/index.js';
import { BlockStore, openBlobStore, ProofStore } from '../../store/index.js';
import type { Monitoring } from '../telemetry/monitoring.js';
import type { Closing } from './closing.js';
import type { ClusterAddress } from './cluster-address.js';
import type { OrchestratorParts } from './orchestrator-parts.js';

export interface PartsOptions {
  readonly orchestratorId: string;
  /** The proof system of this process (`proofSystemId`), and its SRS. */
  readonly system: string;
  readonly srs: SrsName;
  readonly onTrouble: (message: string) => void;
  readonly monitoring: Pick<Monitoring, 'timed'>;
}

export interface ClusterParts extends OrchestratorParts {
  readonly heart: RedisHeart;
  /** Has this process look for the dead. */
  readonly startWatch: () => void;
}

/** Connects to Redis and store of a cluster. */
export async function openClusterParts(
  { redisUrl: url, storeUrl, namespace }: ClusterAddress,
  { orchestratorId, system, srs, onTrouble, monitoring }: PartsOptions,
  closing: Closing,
): Promise<ClusterParts> {
  const redis = { url, namespace, onTrouble };
  const store = closing.add(await openBlobStore(storeUrl, { redisUrl: url, namespace, onTrouble }), async (it) =>
    it.close(),
  );
  const blobs = monitoring.timed(store.blobs);
  const heart = closing.add(await RedisHeart.start(redis), (it) => it.close());
  const board = closing.add(await RedisBlockBoard.open(redis), (it) => it.close());
  const events = closing.add(await RedisBlockEvents.open(redis), (it) => it.close());
  const fleet = closing.add(await RedisFleet.open(redis), (it) => it.close());
  const queue = closing.add(await BullmqJobQueue.open({ ...redis, heart, producerId: orchestratorId, system }), (it) =>
    it.close(),
  );
  const owner = closing.add(await board.owner(orchestratorId, heart, srs), (it) => it.close());
  return {
    orchestratorId,
    heart,
    board,
    events,
    owner,
    queue: queue.producer,
    fleet,
    blocks: new BlockStore(blobs),
    proofs: new ProofStore(blobs),
    jobCounts: () => queue.counts(),
    place: { redis: redactRedisUrl(url), store: store.shown, namespace },
    startWatch: () => queue.startWatch(),
  };
}
