import type { Redis } from 'ioredis';
import { EspalierError } from '../../common/index.js';
import { type BlockId, type JobId, type JobLease, RESOURCE_CLASSES } from '../../proto/index.js';
import type { Look } from '../redis/heart.js';
import type { RedisKeys } from '../redis/redis-keys.js';
import { RedisScript } from '../redis/redis-script.js';
import { ADD_JOBS } from './scripts/add-jobs.js';
import { CHECK_LEASES } from './scripts/check-leases.js';
import { FIND_BLOCK_JOBS } from './scripts/find-block-jobs.js';
import { FIND_JOBS } from './scripts/find-jobs.js';
import { LEAVE } from './scripts/leave.js';
import { REAP } from './scripts/reap.js';
import { REMOVE_JOBS } from './scripts/remove-jobs.js';
import { REPORT_LATE } from './scripts/report-late.js';
import { SETTLE_LEASES } from './scripts/settle-leases.js';
import { TAKE_JOBS } from './scripts/take-jobs.js';

const SCRIPTS = {
  add: new RedisScript('add-jobs', ADD_JOBS),
  take: new RedisScript('take-jobs', TAKE_JOBS),
  settle: new RedisScript('settle-leases', SETTLE_LEASES),
  remove: new RedisScript('remove-jobs', REMOVE_JOBS),
  find: new RedisScript('find-jobs', FIND_JOBS),
  findBlock: new RedisScript('find-block-jobs', FIND_BLOCK_JOBS),
  late: new RedisScript('report-late', REPORT_LATE),
  check: new RedisScript('check-leases', CHECK_LEASES),
  leave: new RedisScript('leave', LEAVE),
  reap: new RedisScript('reap', REAP),
} as const;

type Args = readonly (string | number)[];

/** A call of `add`: its jobs as `encodeJob` makes them. */
export type EncodedJobs = readonly Args[];
export type AddReply =
  | readonly []
  | readonly ['conflict', id: JobId]
  | readonly ['full', held: number, added: number]
  | readonly ['room', held: number, added: number];

/** Takes of one worker that are alike. `classes`: bits, see the script. */
export interface TakeGroup {
  readonly workerId: string;
  readonly classes: number;
  readonly takes: { readonly length: number };
}

/** What the holder of a lease says. */
export interface LeaseNews {
  readonly lease: JobLease;
  readonly what: 'started' | 'ended' | 'released';
  /** A report as JSON; '' for none. */
  readonly report: string;
}

/** What Redis knows of a worker's leases. */
export interface KnownLeases {
  /** Names (`<class>:<id>`) by token. */
  readonly held: ReadonlyMap<number, string>;
  readonly detached: ReadonlySet<number>;
}

/**
 * The scripts that are the queue, as functions. They wait while Redis is away, and may then have run twice. Reject with
 * `queue-unavailable` when Redis refuses one (out of memory, disk full, read-only), or the connection was closed.
 */
export class QueueScripts {
  readonly #redis: Redis;
  readonly #prefix: string;
  readonly #system: string;

  /** `system`: of the jobs that are added and taken; see `BullmqJobQueueOptions`. */
  constructor(redis: Redis, keys: RedisKeys, system = '') {
    this.#redis = redis;
    this.#prefix = keys.prefix;
    this.#system = system;
  }

  /** `dry` adds nothing, and answers `room` where it could. */
  async add(producerId: string, jobsMax: number, calls: readonly EncodedJobs[], dry = false): Promise<AddReply[]> {
    const args: (string | number)[] = [producerId, jobsMax, dry ? 1 : 0, this.#system];
    for (const jobs of calls) {
      args.push(jobs.length);
      for (const job of jobs) args.push(...job);
    }
    return (await this.#run('add', args)) as AddReply[];
  }

  /** For each group token, data, producer of each lease. */
  async take(groups: readonly TakeGroup[]): Promise<readonly (readonly (string | number)[])[]> {
    const args = groups.flatMap(({ workerId, takes, classes }) => [workerId, takes.length, classes]);
    return (await this.#run('take', [this.#system, ...args])) as (string | number)[][];
  }

  /** Whether each lease was held. */
  async settle(news: readonly LeaseNews[]): Promise<readonly boolean[]> {
    const args: (string | number)[] = [];
    for (const { lease, what, report } of news) {
      args.push(what, lease.job.resourceClass, lease.job.id, lease.token, lease.workerId, report);
    }
    return ((await this.#run('settle', args)) as number[]).map((reply) => reply === 1);
  }

  /** Tokens of the leases whose holders are to stop. */
  async remove(how: 'remove' | 'detach', ids: readonly JobId[]): Promise<readonly number[]> {
    return ((await this.#run('remove', [how, ...ids])) as string[]).map(Number);
  }

  async find(ids: readonly JobId[]): Promise<readonly JobId[]> {
    const replies = (await this.#run('find', ids)) as number[];
    return ids.filter((_, index) => replies[index] === 1);
  }

  /** The jobs that were queued for a block, waiting first: one that is taken in between is found among the leased. */
  async findBlock(blockId: BlockId): Promise<readonly JobId[]> {
    const text = `"blockId":${JSON.stringify(blockId)}`;
    const found = new Set<JobId>();
    for (const where of ['waiting', 'leased']) {
      for (const resourceClass of RESOURCE_CLASSES) {
        let cursor = '0';
        do {
          const [next, ids] = (await this.#run('findBlock', [text, resourceClass, where, cursor])) as [string, JobId[]];
          for (const id of ids) found.add(id);
          cursor = next;
        } while (cursor !== '0');
      }
    }
    return [...found];
  }

  async reportLate(lease: JobLease & { readonly producerId: string }, report: string): Promise<void> {
    await this.#run('late', [lease.token, lease.job.id, lease.producerId, report]);
  }

  async check(workerId: string): Promise<KnownLeases> {
    const [flat, detached] = (await this.#run('check', [workerId])) as [string[], string[]];
    const held = new Map<number, string>();
    for (let at = 0; at < flat.length; at += 2) held.set(Number(flat[at]), flat[at + 1] ?? '');
    return { held, detached: new Set(detached.map(Number)) };
  }

  /** A job that an unknown lease is of waits again. */
  async giveBack(workerId: string, token: number, name: string): Promise<void> {
    const end = name.indexOf(':');
    await this.#run('settle', ['released', name.slice(0, end), name.slice(end + 1), token, workerId, '']);
  }

  /** What a worker holds waits again, and Redis knows nothing of it any more. */
  async leave(workerId: string): Promise<void> {
    await this.#run('leave', [workerId]);
  }

  /** The workers that were found dead. */
  async reap(): Promise<readonly string[]> {
    return (await this.#run('reap', [])) as string[];
  }

  /** `reap`, for a heart to do. */
  get look(): Look {
    const { name, lua } = SCRIPTS.reap;
    return { name, lua, keys: [this.#prefix] };
  }

  async #run(name: keyof typeof SCRIPTS, args: Args): Promise<unknown> {
    try {
      return await SCRIPTS[name].run(this.#redis, [this.#prefix], args);
    } catch (thrown) {
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      throw new EspalierError('queue-unavailable', `the queue's script ${name} was not carried out: ${reason}`, {
        cause: thrown,
      });
    }
  }
}
