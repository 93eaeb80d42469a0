import { BullmqJobQueue, RedisHeart } from '../../queue/index.js';

export interface QueueTarget {
  readonly url: string;
}

/** The queue of a cluster, as a process of one opens it. `id`: of the process. */
export async function openQueue({ url }: QueueTarget, id: string): Promise<BullmqJobQueue> {
  const onTrouble = (message: string) => console.error(`${id}: ${message}`);
  const heart = await RedisHeart.start({ url, onTrouble });
  const producerId = `${id}.producer`;
  await heart.add(producerId);
  return BullmqJobQueue.open({ url, heart, producerId, onTrouble });
}
