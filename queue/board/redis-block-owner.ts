import { type EspalierError, settledWithin } from '../../common/index.js';
import type { BlockId, EventChunk, JobHistoryRecord, JobId, ProofSummary, SrsName } from '../../proto/index.js';
import { clipChunk, piecesOf } from '../events/event-records.js';
import { PUBLISH } from '../events/event-scripts.js';
import { ownerLost } from '../queue-errors.js';
import { readJson } from '../read-json.js';
import { ChangeFeed } from '../redis/change-feed.js';
import { type Heart, LEAVE_WITHIN_MS } from '../redis/heart.js';
import { Pacer } from '../redis/pacer.js';
import type { ScriptConnection } from '../redis/script-connection.js';
import type { BlockClaim, BlockOwner, BlockProgress } from './block-board.js';
import { type ClaimReply, historySchema, progressFields, readClaim } from './board-records.js';
import { CANCELLED, CLAIM, END, HISTORIES, LEAVE, LOOK, NOTE, NOTE_JOBS } from './board-scripts.js';

/** So often an owner looks for the dead, and for what it was not told of. */
const LOOK_INTERVAL_MS = 1_000;
/** Changes that come together are told once. */
const CHANGE_INTERVAL_MS = 20;
/** Noted by one script: well below what Lua can pass on as arguments, and a millisecond's work. */
const JOBS_PER_CALL = 500;

/**
 * A block on the board is
 * - *unclaimed*: no living orchestrator has it. Ends with `claim`, by the owner of its family if that has one, else by
 *   whoever comes first.
 * - *claimed*: it has an owner, and a token that no other claim of any block has. Ends with `end` (it is gone), with the
 *   owner's `close`, or with its death: some other owner's look or claim finds its session gone and frees all it had.
 *
 * A family has an owner while one of its blocks is claimed. What an owner says of a claim counts only while the block
 * still has this owner and token, which the same script checks.
 */
export class RedisBlockOwner implements BlockOwner {
  readonly #connection: ScriptConnection;
  readonly #ownerId: string;
  readonly #heart: Heart;
  readonly #srs: SrsName | undefined;
  readonly #feed: ChangeFeed;
  readonly #looks: Pacer;
  readonly #timer: NodeJS.Timeout;
  /** Tokens of the claims it was told of. */
  readonly #known = new Map<BlockId, number>();
  /** One claim at a time: of two, both would be told what the first had taken. */
  #lastClaim: Promise<unknown> = Promise.resolve();
  #closing: Promise<void> | undefined;

  /** See `RedisBlockBoard.owner`. */
  static async begin(
    connection: ScriptConnection,
    ownerId: string,
    heart: Heart,
    srs: SrsName | undefined,
  ): Promise<RedisBlockOwner> {
    await heart.add(ownerId);
    return new RedisBlockOwner(connection, ownerId, heart, srs);
  }

  private constructor(connection: ScriptConnection, ownerId: string, heart: Heart, srs: SrsName | undefined) {
    this.#srs = srs;
    this.#connection = connection;
    this.#ownerId = ownerId;
    this.#heart = heart;
    this.#feed = new ChangeFeed(connection.redis, connection.keys.of('board'), CHANGE_INTERVAL_MS);
    const run = async () => {
      if ((await connection.run(LOOK, [ownerId])) === 1) this.#feed.tell();
    };
    this.#looks = new Pacer({ intervalMs: 0, run, onTrouble: connection.onTrouble });
    this.#timer = setInterval(() => this.#looks.ask(), LOOK_INTERVAL_MS).unref();
  }

  claim(max: number): Promise<readonly BlockClaim[]> {
    const claim = this.#lastClaim.then(() => this.#claim(max));
    this.#lastClaim = claim.catch(() => {});
    return claim;
  }

  onChange(listener: () => void): () => void {
    return this.#feed.listen(listener);
  }

  async cancelled(): Promise<readonly BlockId[]> {
    return (await this.#connection.run(CANCELLED, [this.#ownerId])) as BlockId[];
  }

  async note(claim: BlockClaim, progress: BlockProgress): Promise<void> {
    const reply = await this.#connection.run(NOTE, [...this.#fence(claim), ...progressFields(progress)]);
    if (reply !== 1) throw this.#lost(claim);
  }

  async histories(claim: BlockClaim): Promise<ReadonlyMap<JobId, JobHistoryRecord>> {
    const reply = (await this.#connection.run(HISTORIES, this.#fence(claim))) as [JobId, string][] | null;
    if (reply === null) throw this.#lost(claim);
    return new Map(reply.map(([jobId, json]) => [jobId, readJson(historySchema, json, `the history of job ${jobId}`)]));
  }

  remember(claim: BlockClaim, histories: ReadonlyMap<JobId, JobHistoryRecord>): Promise<void> {
    return this.#noteJobs(claim, 'histories', [...histories]);
  }

  credit(claim: BlockClaim, summaries: readonly ProofSummary[]): Promise<void> {
    const byJob = summaries.map((summary) => [summary.jobId, summary] as const);
    return this.#noteJobs(claim, 'credits', byJob);
  }

  async publish(claim: BlockClaim, chunk: EventChunk): Promise<void> {
    for (const piece of piecesOf(claim, chunk)) {
      const { first, events } = clipChunk(piece);
      const numbers = [first, first + events.length - 1];
      const reply = await this.#connection.run(PUBLISH, [...this.#fence(claim), ...numbers, JSON.stringify(events)]);
      if (reply !== 1) throw this.#lost(claim);
    }
  }

  /** Ending a block that is not on the board any more is no error: a reply may have been lost. */
  async end(claim: BlockClaim): Promise<void> {
    if ((await this.#connection.run(END, this.#fence(claim))) !== 1) throw this.#lost(claim);
    this.#forget(claim);
  }

  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #claim(max: number): Promise<readonly BlockClaim[]> {
    if (this.#closing !== undefined) return [];
    const known = [...this.#known].flat();
    const replies = (await this.#connection.run(CLAIM, [
      this.#ownerId,
      max,
      this.#srs ?? '',
      ...known,
    ])) as ClaimReply[];
    const claims = this.#connection.readable(replies, readClaim);
    for (const { blockId, token } of claims) this.#known.set(blockId, token);
    return claims;
  }

  async #noteJobs(claim: BlockClaim, what: 'histories' | 'credits', jobs: readonly (readonly [JobId, object])[]) {
    for (let first = 0; first < jobs.length; first += JOBS_PER_CALL) {
      const some = jobs.slice(first, first + JOBS_PER_CALL).flatMap(([jobId, value]) => [jobId, JSON.stringify(value)]);
      const reply = await this.#connection.run(NOTE_JOBS, [...this.#fence(claim), what, ...some]);
      if (reply !== 1) throw this.#lost(claim);
    }
  }

  async #end(): Promise<void> {
    clearInterval(this.#timer);
    this.#feed.close();
    const leave = async () => {
      await this.#lastClaim;
      await this.#connection.run(LEAVE, [this.#ownerId]);
      await this.#heart.remove(this.#ownerId);
    };
    await settledWithin(leave(), LEAVE_WITHIN_MS);
    void this.#looks.close();
  }

  #fence({ blockId, token }: BlockClaim): [string, string, number] {
    return [this.#ownerId, blockId, token];
  }

  #lost(claim: BlockClaim): EspalierError {
    this.#forget(claim);
    return ownerLost(this.#ownerId, claim);
  }

  /** A later claim of the same block may be known by now. */
  #forget({ blockId, token }: BlockClaim): void {
    if (this.#known.get(blockId) === token) this.#known.delete(blockId);
  }
}
