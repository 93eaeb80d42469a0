import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { BullmqJobQueue, type BullmqJobQueueOptions, RedisHeart } from '../../queue/index.js';
import { RedisKeys } from '../../queue/redis/redis-keys.js';
import { type RedisServer, type RedisServerOptions, startRedis } from './redis-server.js';

/** A Redis of a test file's own, and the queues that it opens there. */
export class RedisQueues {
  readonly keys = new RedisKeys('test');
  readonly #opened: { readonly queue: BullmqJobQueue; readonly producerId: string }[] = [];

  private constructor(
    readonly server: RedisServer,
    /** For the test to look and to meddle. */
    readonly redis: Redis,
    readonly heart: RedisHeart,
  ) {}

  static async start(options?: RedisServerOptions): Promise<RedisQueues> {
    const server = await startRedis(options);
    const heart = await RedisHeart.start({ url: server.url, namespace: 'test' });
    return new RedisQueues(server, await server.client(), heart);
  }

  /** A queue as one process has it. */
  async open(options: Partial<BullmqJobQueueOptions> = {}): Promise<BullmqJobQueue> {
    const { producerId = `machine.${randomUUID()}` } = options;
    await this.heart.add(producerId);
    const { url } = this.server;
    const queue = await BullmqJobQueue.open({ ...options, url, namespace: 'test', heart: this.heart, producerId });
    this.#opened.push({ queue, producerId });
    return queue;
  }

  /** Looks for the dead as if someone had been watching all the time. */
  async reap(queue: BullmqJobQueue): Promise<readonly string[]> {
    await this.redis.set(this.keys.watched, '1');
    await this.redis.del(this.keys.grace);
    return queue.reap();
  }

  /** Closes the queues and ends their producers' sessions. */
  async closeAll(): Promise<void> {
    const close = async ({ queue, producerId }: { queue: BullmqJobQueue; producerId: string }) => {
      await queue.close();
      await this.heart.remove(producerId);
    };
    await Promise.all(this.#opened.splice(0).map(close));
  }

  /** Makes everything as it was in the beginning. */
  async clear(): Promise<void> {
    await this.closeAll();
    await this.redis.flushall();
  }

  /** Also when Redis is away. */
  async stop(): Promise<void> {
    await Promise.all(this.#opened.splice(0).map(({ queue }) => queue.close()));
    await this.heart.close();
    await this.server.stop();
  }
}
