import type { JobQueue } from '../../queue/index.js';

export interface QueueTarget {
  readonly url: string;
}

export async function openQueue({ url }: QueueTarget, id: string): Promise<JobQueue> {
  throw new Error(`${url} ${id}`);
}
