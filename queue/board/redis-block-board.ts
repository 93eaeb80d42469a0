import {
  type BlockId,
  type BlockStatus,
  type JobId,
  type ProofSummary,
  proofSummarySchema,
  type SrsName,
} from '../../proto/index.js';
import { boardFull } from '../queue-errors.js';
import { readJson } from '../read-json.js';
import type { Heart } from '../redis/heart.js';
import { ScriptConnection, type ScriptConnectionOptions } from '../redis/script-connection.js';
import { type BlockBoard, type BlockOwner, OPEN_MAX, type SubmitOutcome, type SubmittedBlock } from './block-board.js';
import { readStatus, STATUS_FIELDS, type StatusReply } from './board-records.js';
import { CANCEL, CREDITED, SUBMIT } from './board-scripts.js';
import { RedisBlockOwner } from './redis-block-owner.js';

const PAGE = 1_000;

/**
 * The board in Redis. Methods wait while Redis is away, and reject with `queue-unavailable` when it refuses them; reading
 * a block that someone else garbled rejects with `store-corrupt`.
 */
export class RedisBlockBoard implements BlockBoard {
  readonly #connection: ScriptConnection;

  /** Rejects as `connectRedis` does. */
  static async open(options: ScriptConnectionOptions): Promise<RedisBlockBoard> {
    return new RedisBlockBoard(await ScriptConnection.open('board', options));
  }

  private constructor(connection: ScriptConnection) {
    this.#connection = connection;
  }

  /**
   * The board as one orchestrator sees it, whose session this begins: `heart` beats for `ownerId` until the owner is
   * closed. Close it before the board. `srs`: of the orchestrator, which claims blocks of no other. Left out: any.
   */
  owner(ownerId: string, heart: Heart, srs?: SrsName): Promise<BlockOwner> {
    return RedisBlockOwner.begin(this.#connection, ownerId, heart, srs);
  }

  /** Rejects with `queue-full` when too many blocks are open. */
  async submit(block: SubmittedBlock): Promise<SubmitOutcome> {
    const { blockId, family, transactions, calls, submittedAtMs, srs, deadlineAtMs, keepProofs, trace } = block;
    const json = JSON.stringify({
      ...{ blockId, family, transactions, calls, submittedAtMs },
      ...{ srs, deadlineAtMs, keepProofs },
    });
    const about = [srs ?? '', trace ?? ''];
    const reply = await this.#connection.run(SUBMIT, [blockId, family, json, OPEN_MAX, ...about]);
    if (reply === -1) throw boardFull(blockId);
    if (reply === 2) return 'cancelling';
    return reply === 1 ? 'submitted' : 'open';
  }

  async cancel(blockId: BlockId): Promise<boolean> {
    return (await this.#connection.run(CANCEL, [blockId])) === 1;
  }

  async find(blockId: BlockId): Promise<BlockStatus | undefined> {
    const reply = await this.#connection.ask((redis, keys) => redis.hmget(keys.of('block', blockId), ...STATUS_FIELDS));
    return isThere(reply) ? readStatus(blockId, reply) : undefined;
  }

  async list(): Promise<readonly BlockStatus[]> {
    const ids = await this.#connection.ask((redis, keys) => redis.zrange(keys.of('board', 'open'), '0', '-1'));
    const open: BlockStatus[] = [];
    for (let first = 0; first < ids.length; first += PAGE) {
      const page = ids.slice(first, first + PAGE);
      const replies = await this.#connection.ask((redis, keys) =>
        Promise.all(page.map((id) => redis.hmget(keys.of('block', id), ...STATUS_FIELDS))),
      );
      // One that is not there has ended since the ids were read.
      const there = page.flatMap((id, index) => {
        const reply = replies[index];
        return reply !== undefined && isThere(reply) ? [{ id, reply }] : [];
      });
      open.push(...this.#connection.readable(there, ({ id, reply }) => readStatus(id, reply)));
    }
    return open;
  }

  async credits(blockId: BlockId): Promise<readonly ProofSummary[]> {
    const key = this.#connection.keys.of('block', blockId, 'credits');
    // A scan may show a job twice.
    const byJob = new Map<string, ProofSummary>();
    let cursor = '0';
    do {
      const [next, found] = await this.#connection.ask((redis) => redis.hscan(key, cursor, 'COUNT', PAGE));
      cursor = next;
      const entries = Array.from({ length: found.length / 2 }, (_, index) => found.slice(2 * index, 2 * index + 2));
      const read = this.#connection.readable(entries, ([jobId = '', json]) => {
        return [jobId, readJson(proofSummarySchema, json, `what is credited for job ${jobId}`)] as const;
      });
      for (const [jobId, summary] of read) byJob.set(jobId, summary);
    } while (cursor !== '0');
    return [...byJob.values()];
  }

  async credited(blockId: BlockId): Promise<ReadonlySet<JobId>> {
    const jobs = new Set<JobId>();
    let cursor = '0';
    do {
      const [next, found] = (await this.#connection.run(CREDITED, [blockId, cursor, PAGE])) as [string, JobId[]];
      cursor = next;
      for (const jobId of found) jobs.add(jobId);
    } while (cursor !== '0');
    return jobs;
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.#connection.close();
  }
}

function isThere([submitted]: StatusReply): boolean {
  return submitted !== null;
}
