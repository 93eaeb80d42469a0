import { EspalierError } from '../../common/index.js';
import {
  type BlockEvent,
  type BlockId,
  type BlockView,
  blockToWire,
  type EventCursor,
  type JobId,
  proofToWire,
  viewOfResult,
  type wire,
} from '../../proto/index.js';
import { Bitset, type ProofTree } from '../plan/index.js';
import type { ApiBackend } from './api-backend.js';
import { findBlock } from './find-block.js';
import { type FollowBackend, type Followed, followBlock } from './follow-block.js';
import type { PlannedTrees } from './planned-tree.js';
import { type ProofCursor, proofCursorFromText, proofCursorToText } from './proof-cursor.js';
import { ProvenAbove } from './proven-above.js';
import { ProvenBehind } from './proven-behind.js';

/** Levels of joins below the root whose proofs are sent unless the request says otherwise. */
export const LEVELS_BELOW_ROOT_DEFAULT = 2;

interface ProofsBackend extends FollowBackend, Pick<ApiBackend, 'proofs'> {
  readonly trees: PlannedTrees;
}

/**
 * `StreamProofs`: the finished proofs of a block, each once, as they rise, and how it ended. Pulls: a proof is read from
 * the store when the one before was taken. What was proven before the stream began, or while its reader was so slow that
 * the block's history moved on, is looked for under the ids of the tree's jobs; what is gone by then is named.
 *
 * A cursor says how far the history was read and the tree looked through, not what was sent: a stream that is taken up by
 * one where that history is lost looks through the whole tree again, and repeats.
 */
export async function* streamProofs(
  blockId: BlockId,
  request: wire.StreamProofsRequest,
  backend: ProofsBackend,
  signal: AbortSignal,
): AsyncGenerator<wire.StreamProofsResponse> {
  checkChoice(request);
  const from = request.cursor === '' ? undefined : proofCursorFromText(request.cursor);
  const sending = new ProofSending(blockId, request, backend, signal);
  if (from?.place === 'ended') {
    const found = await findBlock(blockId, backend);
    if ('result' in found) return yield* sending.resumeEnded(viewOfResult(found.result), from.job ?? 0);
  } else if (from?.job !== undefined) {
    yield* sending.resumeScan(from.place, from.job);
  }
  // One that is open again begins anew.
  const after = from?.place === 'ended' ? undefined : from?.place;
  for await (const followed of followBlock(blockId, after, backend, signal)) yield* sending.answer(followed);
}

/** Which proofs are meant is said once: of two ways neither could be followed without breaking the other. */
function checkChoice({ everyLevel, rootOnly, levelsBelowRoot }: wire.StreamProofsRequest): void {
  const said = [
    ...(everyLevel ? ['every_level'] : []),
    ...(rootOnly ? ['root_only'] : []),
    ...(levelsBelowRoot > 0 ? [`levels_below_root ${levelsBelowRoot}`] : []),
  ];
  if (said.length < 2) return;
  throw new EspalierError('request-malformed', `StreamProofs: ${said.join(' and ')} exclude each other`, {
    remedy: 'give one of them, or none for the top of the tree',
  });
}

/** What one stream has sent, and what it sends for what happens. */
class ProofSending {
  readonly #blockId: BlockId;
  readonly #request: wire.StreamProofsRequest;
  readonly #backend: ProofsBackend;
  readonly #signal: AbortSignal;
  #tree: ProofTree | undefined;
  /** Jobs whose proofs were sent. */
  #sent = new Bitset(0);
  /** Jobs that were named as replaced. */
  #named = new Bitset(0);
  /** It began without a cursor, or lost sight: of what it never heard of it tells when the block has ended. */
  #mayHaveMissed = false;

  constructor(blockId: BlockId, request: wire.StreamProofsRequest, backend: ProofsBackend, signal: AbortSignal) {
    this.#blockId = blockId;
    this.#request = request;
    this.#backend = backend;
    this.#signal = signal;
  }

  async *answer(followed: Followed): AsyncGenerator<wire.StreamProofsResponse> {
    switch (followed.kind) {
      case 'snapshot':
        await this.#plan(followed.lineageSeed);
        this.#mayHaveMissed = true;
        if (followed.block.endedAtMs === null) yield* this.#scan(followed.place, 0);
        break;
      case 'ended':
        await this.#plan(followed.lineageSeed);
        yield* this.#scanEnded(followed.block, 0);
        break;
      case 'chunk': {
        const { chunk, from } = followed;
        for (const [index, event] of chunk.events.entries()) {
          const place = { epoch: chunk.epoch, seq: chunk.first + index };
          if (index >= from) yield* this.#hear(event, place, followed.block);
        }
      }
    }
  }

  /** Goes on looking for what was proven before `place`, as an earlier stream did that broke. */
  async *resumeScan(place: EventCursor, firstJob: number): AsyncGenerator<wire.StreamProofsResponse> {
    await this.#planLate();
    yield* this.#scan(place, firstJob);
  }

  /** Goes on with the proofs of an ended block. */
  async *resumeEnded(block: BlockView, firstJob: number): AsyncGenerator<wire.StreamProofsResponse> {
    await this.#planLate();
    this.#mayHaveMissed = true;
    yield* this.#scanEnded(block, firstJob);
  }

  async *#hear(event: BlockEvent, place: EventCursor, block: BlockView): AsyncGenerator<wire.StreamProofsResponse> {
    if (event.kind === 'planned') {
      await this.#plan(event.lineageSeed);
      // Of what was there when it was planned, and of what this takes the place of, nothing more is told.
      if (event.levels.some(({ done }) => done > 0)) yield* this.#scan(place, 0);
    }
    if (event.kind === 'proof-lost') this.#forget(event.jobId);
    if (event.kind === 'ended') yield* this.#scanEnded(viewOfResult(event.result, block), 0);
    if (event.kind !== 'job-proven') return;
    await this.#planLate();
    const job = this.#tree?.indexOf(event.jobId) ?? -1;
    if (job < 0 || !this.#isWanted(job) || this.#sent.has(job)) return;
    const response = await this.#response(job, { place });
    // One that was named may have been made again.
    if (isProof(response) || !this.#named.has(job)) yield this.#noted(job, response);
  }

  async #plan(lineageSeed: string | null): Promise<void> {
    if (this.#tree !== undefined || lineageSeed === null) return;
    this.#tree = await this.#backend.trees.of(this.#blockId, lineageSeed);
    if (this.#tree === undefined) return;
    this.#sent = new Bitset(this.#tree.size);
    this.#named = new Bitset(this.#tree.size);
  }

  /** A stream that goes on behind a place hears of no plan. */
  async #planLate(): Promise<void> {
    if (this.#tree !== undefined) return;
    const found = await findBlock(this.#blockId, this.#backend);
    await this.#plan('result' in found ? found.result.lineageSeed : found.status.lineageSeed);
  }

  #isWanted(job: number): boolean {
    const { everyLevel, rootOnly, levelsBelowRoot } = this.#request;
    const tree = this.#tree;
    if (everyLevel || tree === undefined) return everyLevel;
    const depth = rootOnly ? 0 : levelsBelowRoot || LEVELS_BELOW_ROOT_DEFAULT;
    return tree.place(job).kind !== 'call' && tree.joinsAbove(job) <= depth;
  }

  /** Whether it is still to be looked for. */
  #isDue(job: number): boolean {
    return this.#isWanted(job) && !this.#sent.has(job) && !this.#named.has(job);
  }

  #forget(jobId: JobId): void {
    const job = this.#tree?.indexOf(jobId) ?? -1;
    if (job >= 0) this.#sent.delete(job);
  }

  /** What was proven by `place` and was not sent yet, from the leaves up: the proofs, and the names of those replaced. */
  async *#scan(place: EventCursor, firstJob: number): AsyncGenerator<wire.StreamProofsResponse> {
    const tree = this.#tree;
    if (tree === undefined) return;
    const reader = this.#backend.events.follow(this.#blockId);
    try {
      const later = new ProvenBehind(reader, place, tree);
      const above = new ProvenAbove(this.#backend.proofs, tree);
      for (let job = firstJob; job < tree.size; job++) {
        // One that was stored since is told of behind this place, and comes then: of a block that is proven faster than its
        // reader reads those are most.
        if (!this.#isDue(job) || later.has(job)) continue;
        this.#signal.throwIfAborted();
        const response = await this.#response(job, { place, job: job + 1 });
        // It may have been stored while it was looked for.
        if (!later.has(job) && (isProof(response) || (await above.has(job)))) yield this.#noted(job, response);
      }
    } finally {
      reader.close();
    }
  }

  /** What was not sent yet of a block that has ended, and that it has: nothing of it changes any more. */
  async *#scanEnded(block: BlockView, firstJob: number): AsyncGenerator<wire.StreamProofsResponse> {
    const size = this.#tree?.size ?? 0;
    for (let job = this.#mayHaveMissed ? firstJob : size; job < size; job++) {
      if (!this.#isDue(job)) continue;
      this.#signal.throwIfAborted();
      const response = await this.#response(job, { place: 'ended', job: job + 1 });
      // Where it was not proven, what is not there was not made.
      if (isProof(response) || block.state === 'proven') yield this.#noted(job, response);
    }
    const cursor = proofCursorToText({ place: 'ended', job: size });
    yield { cursor, item: { $case: 'ended', value: blockToWire(block) } };
  }

  async #response(
    job: number,
    { place, job: next }: { readonly place: ProofCursor['place']; readonly job?: number },
  ): Promise<wire.StreamProofsResponse> {
    const jobId = this.#tree?.jobId(job) ?? '';
    const record = await this.#backend.proofs.getProof(jobId);
    const cursor = proofCursorToText({ place, job: next });
    if (record === undefined) return { cursor, item: { $case: 'replaced', value: { jobId } } };
    return { cursor, item: { $case: 'proof', value: proofToWire(record) } };
  }

  #noted(job: number, response: wire.StreamProofsResponse): wire.StreamProofsResponse {
    (isProof(response) ? this.#sent : this.#named).add(job);
    return response;
  }
}

function isProof({ item }: wire.StreamProofsResponse): boolean {
  return item?.$case === 'proof';
}
