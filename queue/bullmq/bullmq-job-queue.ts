import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { connectRedis, settledWithin } from '../../common/index.js';
import type { JobReport } from '../../proto/index.js';
import type { JobConsumer, JobProducer, JobQueue, QueueCounts } from '../job-queue.js';
import { JOBS_MAX_DEFAULT, warnOfListenerError } from '../queue-errors.js';
import { endConnection } from '../redis/end-connection.js';
import type { Heart } from '../redis/heart.js';
import { NAMESPACE_DEFAULT, RedisKeys } from '../redis/redis-keys.js';
import { Subscriptions } from '../redis/subscriptions.js';
import { BullmqProducer } from './bullmq-producer.js';
import { JobTaker } from './job-taker.js';
import { LeaseKeeper } from './lease-keeper.js';
import { readCounts } from './queue-counts.js';
import { QueueScripts } from './queue-scripts.js';
import { ReportInbox } from './report-inbox.js';
import { WorkerSessions } from './worker-sessions.js';

export interface BullmqJobQueueOptions {
  readonly url: string;
  /** Everything in Redis begins with it. Default `espalier`. */
  readonly namespace?: string;
  /** Of this process. The queue adds its workers to it; the caller adds the producer, and closes it after the queue. */
  readonly heart: Heart;
  /** The session that reports go to, if this process adds jobs: `alive` as long as it wants to hear of them. */
  readonly producerId: string;
  /**
   * The proof system of this process (`proofSystemId`): jobs that it adds are taken by workers of the same one only, since
   * a proof of another fits no parent here. Default: none.
   */
  readonly system?: string;
  /** Jobs, waiting and leased together, that the queue holds at most. Default 1,000,000. */
  readonly jobsMax?: number;
  /** Hears what a report listener throws. Default: a process warning. */
  readonly onListenerError?: (error: unknown) => void;
  /** Hears when Redis is lost and found, and what it refuses to do. */
  readonly onTrouble?: (message: string) => void;
}

/** No script takes Redis longer than a fraction of a second: a link that is silent for so long is dead. */
const ANSWER_WITHIN_MS = 10_000;
/** What `close` wants to tell Redis may take so long; the sessions end by themselves anyway. */
const LEAVE_TIMEOUT_MS = 1_000;

/**
 * The queue of a cluster: Redis, in BullMQ's layout. Each resource class is a BullMQ queue whose prefix is the namespace
 * (`{espalier}`), so BullMQ's `Queue` and the tools made for it (Bull Board) count, show, pause and obliterate what is
 * here. States are as in `MemoryJobQueue`: waiting is BullMQ's *prioritized*, leased its *active*.
 *
 * Adding, taking and ending jobs are scripts of our own (`scripts/`), because BullMQ's
 * - order by a priority of 21 bits, where ours is [age, -remaining path], exact, and first come first served among equals;
 * - take from one queue, where a worker waits for the first job of several;
 * - do not remove a job that is active;
 * - lock each job, and fail one whose worker died twice, where here workers as a whole live or die, and the orchestrator
 *   decides what a failure means;
 * - cost several times as much for each job, events and a marker included that nobody here reads.
 *
 * Nothing of a job that has ended stays. Who sees what:
 * - Reports go to the inbox of the producer that last added the job, in the script that ends the lease.
 * - Workers are told by messages of jobs that came to wait and of leases that `remove` ended; they look every second too,
 *   so a lost message costs a second at most.
 * - Leases last as long as their worker's session, see `docs/cluster.md`, "Who is dead".
 *
 * While Redis is away everything waits, and goes on when it is back; scripts bear being run twice.
 */
export class BullmqJobQueue implements JobQueue {
  readonly producer: JobProducer;
  readonly #redis: Redis;
  readonly #keys: RedisKeys;
  readonly #options: BullmqJobQueueOptions;
  readonly #scripts: QueueScripts;
  readonly #inbox: ReportInbox;
  readonly #ownProducer: BullmqProducer;
  readonly #keeper: LeaseKeeper;
  readonly #taker: JobTaker;
  readonly #sessions: WorkerSessions;
  #isListening = false;
  #endWatch: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  /** Rejects with `queue-unavailable` when there is no Redis, with `redis-unsuitable` when it is the wrong one. */
  static async open(options: BullmqJobQueueOptions): Promise<BullmqJobQueue> {
    const { url, onTrouble } = options;
    return new BullmqJobQueue(
      await connectRedis({ url, name: 'queue', onTrouble, answerWithinMs: ANSWER_WITHIN_MS }),
      options,
    );
  }

  private constructor(redis: Redis, options: BullmqJobQueueOptions) {
    const { heart, producerId, jobsMax = JOBS_MAX_DEFAULT, onListenerError = warnOfListenerError } = options;
    const onTrouble = (message: string) => options.onTrouble?.(message);
    this.#redis = redis;
    this.#options = options;
    this.#keys = new RedisKeys(options.namespace ?? NAMESPACE_DEFAULT);
    this.#scripts = new QueueScripts(redis, this.#keys, options.system);
    this.#inbox = new ReportInbox(redis, this.#keys, producerId, onListenerError, onTrouble);
    this.#keeper = new LeaseKeeper(this.#scripts);
    this.#taker = new JobTaker(this.#scripts, this.#keeper, onTrouble);
    this.#sessions = new WorkerSessions(heart, this.#keeper, () => this.#taker.kick(), onTrouble);
    this.#ownProducer = new BullmqProducer({
      scripts: this.#scripts,
      inbox: this.#inbox,
      producerId,
      jobsMax,
      onAborted: (tokens) => this.#keeper.abort(tokens),
    });
    this.producer = this.#ownProducer;
  }

  /** The worker's session begins: its id must be a new one. A second consumer of the same worker shares it. */
  consumer(workerId: string): JobConsumer {
    if (this.#closing === undefined) {
      this.#sessions.begin(workerId);
      this.#listen();
    }
    const keeper = this.#keeper;
    return {
      take: async (classes, signal) => {
        await this.#sessions.alive(workerId, signal);
        return this.#taker.take(workerId, classes, signal);
      },
      started: (lease) => keeper.started(lease),
      complete: (lease, summary) => {
        const proof = { jobId: lease.job.id, workerId: lease.workerId, summary };
        const late: JobReport = { kind: 'late', blockId: lease.job.blockId, ...proof };
        return keeper.end(lease, { kind: 'proven', ...proof }, late);
      },
      fail: (lease, error) => {
        const { job, workerId: by, attempt } = lease;
        return keeper.end(lease, { kind: 'failed', jobId: job.id, workerId: by, attempt, error });
      },
      release: (lease) => keeper.release(lease),
    };
  }

  /** Has the heart look for the dead, until the queue is closed: for orchestrators. */
  startWatch(): void {
    if (this.#closing !== undefined) return;
    this.#endWatch ??= this.#options.heart.watch(this.#scripts.look);
  }

  /** Looks for the dead once: their leases fail with `lease-lost`. Returns the workers that were found dead. */
  reap(): Promise<readonly string[]> {
    return this.#scripts.reap();
  }

  /** What is in the queue. */
  counts(): Promise<QueueCounts> {
    return readCounts(this.#redis, this.#keys);
  }

  /**
   * Leases of this process are given back, for other workers to take at once. Does not wait for a Redis that is away:
   * leases and inbox then last until the sessions are found dead.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#endWatch?.();
    const workers = this.#sessions.close();
    this.#taker.close();
    this.#ownProducer.close();
    this.#keeper.close();
    this.#inbox.close();
    // What was said in this turn goes first.
    await nextTurn();
    await settledWithin(this.#leave(workers), LEAVE_TIMEOUT_MS);
    endConnection(this.#redis);
  }

  async #leave(workers: readonly string[]): Promise<void> {
    const { heart, producerId } = this.#options;
    try {
      await Promise.all([
        ...workers.map(async (workerId) => {
          await this.#scripts.leave(workerId);
          await heart.remove(workerId);
        }),
        this.#redis.del(this.#keys.of('inbox', producerId)),
        this.#redis.srem(this.#keys.of('producers'), producerId),
      ]);
    } catch {
      // Redis is away, or refuses: what is left ends with the sessions.
    }
  }

  /** Messages come on the connection of the scripts: RESP3 has room for both. */
  #listen(): void {
    if (this.#isListening) return;
    this.#isListening = true;
    const [ready, aborted] = [this.#keys.of('ready'), this.#keys.of('aborted')];
    const subscriptions = new Subscriptions(this.#redis, {
      onMessage: (channel, message) => {
        if (channel === ready) this.#taker.wake(message.split(' '));
        else if (channel === aborted) this.#keeper.abort(message.split(' ').map(Number));
      },
      // Jobs may have come before.
      onSubscribed: () => this.#taker.kick(),
      onRefused: ({ message }) => {
        if (this.#closing === undefined) this.#options.onTrouble?.(`no messages: ${message}`);
      },
    });
    subscriptions.add(ready, aborted);
  }
}
