import type { ClientWritableStream, ServiceError } from '@grpc/grpc-js';
import { EspalierError } from '../common/index.js';
import {
  type Block,
  type BlockId,
  type BlockPart,
  blockPartToWire,
  outcomeFromWire,
  PartBatcher,
  partsOf,
  type Submission,
  type SubmissionOutcome,
  submissionToWire,
  type wire,
} from '../proto/index.js';
import { Backoff, pause, throwIfAborted } from './backoff.js';
import type { Connection } from './connection.js';
import { rebuildError } from './rebuild-error.js';

type Parts = AsyncIterable<BlockPart> | Iterable<BlockPart>;

/**
 * A block to submit: whole, or in parts, which are read as the server takes them. Of a function each try gets parts of
 * its own; other parts can be read once only, and then a broken connection fails the submission.
 */
export type BlockSource = Block | Parts | (() => Parts);

export interface SubmitOptions {
  /** The proving window: how long after now the root proof is to be there. Left out: the server's default, 8 minutes. */
  readonly windowMs?: number;
  /** Keeps all proofs until the block is forgotten. */
  readonly keepProofs?: boolean;
  /** Where it is known: a block that the server has already is not sent again. */
  readonly blockId?: BlockId;
  /** Hears after each part that was sent. */
  readonly onProgress?: (progress: SubmitProgress) => void;
  readonly signal?: AbortSignal;
}

/** What was sent so far. A submission that is tried again begins anew. */
export interface SubmitProgress {
  readonly parts: number;
  readonly transactions: number;
}

export interface Submitted {
  readonly blockId: BlockId;
  readonly outcome: SubmissionOutcome;
}

export interface Replaced extends Submitted {
  readonly replacedBlockId: BlockId;
  /** Whether the block that was replaced was open, and is cancelled now. */
  readonly wasOpen: boolean;
}

/**
 * Connections that may break in the middle of a block: each time it is sent anew, so this is not done for ever. Tries that
 * sent nothing, or that the server put off, cost nothing: as with streams, they go on until the signal aborts.
 */
const BREAKS_MAX = 5;

export async function submitBlock(
  connection: Connection,
  source: BlockSource,
  options: SubmitOptions,
): Promise<Submitted> {
  const open: Open<wire.SubmitBlockRequest, wire.SubmitBlockResponse> = (callback) => ({
    call: connection.blocks.submitBlock(connection.metadata(), callback),
    message: (part) => ({ part }),
    opening: null,
  });
  const { blockId, outcome } = await send(connection, source, options, open);
  return { blockId, outcome: outcomeFromWire(outcome) };
}

export async function replaceBlock(
  connection: Connection,
  replaced: BlockId,
  source: BlockSource,
  options: SubmitOptions,
): Promise<Replaced> {
  const open: Open<wire.ReplaceBlockRequest, wire.ReplaceBlockResponse> = (callback) => ({
    call: connection.blocks.replaceBlock(connection.metadata(), callback),
    message: (part) => ({ step: { $case: 'part', value: part } }),
    opening: { step: { $case: 'replacedBlockId', value: replaced } },
  });
  const answer = await send(connection, source, options, open);
  const { blockId, outcome, replacedBlockId, wasOpen } = answer;
  return { blockId, outcome: outcomeFromWire(outcome), replacedBlockId, wasOpen };
}

type Callback<A> = (error: ServiceError | null, answer: A) => void;

interface Sending<Q> {
  readonly call: ClientWritableStream<Q>;
  message(part: wire.BlockPart): Q;
  /** What comes before the parts. */
  readonly opening: Q | null;
}

type Open<Q, A> = (callback: Callback<A>) => Sending<Q>;

async function send<Q, A>(
  connection: Connection,
  source: BlockSource,
  options: SubmitOptions,
  open: Open<Q, A>,
): Promise<A> {
  const { signal, windowMs } = options;
  if (windowMs !== undefined && !(windowMs >= 1 && Number.isFinite(windowMs))) {
    throw new EspalierError('usage', `the proving window is ${windowMs} ms`, {
      remedy: 'give milliseconds, at least 1, or leave it out for the default of the server',
    });
  }
  const stop = signal === undefined ? connection.closed : AbortSignal.any([signal, connection.closed]);
  const until = performance.now() + connection.connectTimeoutMs;
  const backoff = new Backoff();
  let breaks = 0;
  for (;;) {
    throwIfAborted(stop);
    let hasSent = false;
    const onProgress = (progress: SubmitProgress) => {
      hasSent = true;
      options.onProgress?.(progress);
    };
    try {
      const answer = await sendOnce(partsFor(source), { ...options, onProgress }, open, stop);
      connection.noteReached();
      return answer;
    } catch (thrown) {
      throwIfAborted(stop);
      const { error, isPassing, retryAfterMs } = rebuildError(thrown, connection.server);
      const retryInMs = backoff.nextMs(retryAfterMs);
      if (retryAfterMs > 0) connection.noteReached();
      else if (hasSent) breaks += 1;
      const isLookedFor = connection.wasReached || performance.now() + retryInMs <= until;
      if (!isPassing || !isRepeatable(source) || !isLookedFor || breaks >= BREAKS_MAX) throw error;
      connection.noteTrouble({ error, retryInMs });
      await pause(retryInMs, stop);
    }
  }
}

/** The server may answer before all is sent: what it knows already it does not read, nor what it refuses. */
async function sendOnce<Q, A>(
  parts: Parts,
  { windowMs, keepProofs = false, blockId, onProgress }: SubmitOptions,
  open: Open<Q, A>,
  stop: AbortSignal,
): Promise<A> {
  let settle: { resolve(answer: A): void; reject(error: unknown): void } | undefined;
  let isAnswered = false;
  const answer = new Promise<A>((resolve, reject) => {
    settle = { resolve, reject };
  });
  const { call, message, opening } = open((error, value) => {
    isAnswered = true;
    if (error === null) settle?.resolve(value);
    else settle?.reject(error);
  });
  const answered = answer.then(
    () => undefined,
    () => undefined,
  );
  call.on('error', () => undefined);
  const onAbort = () => call.cancel();
  stop.addEventListener('abort', onAbort, { once: true });
  /** Resolves when the message is on its way, which is as fast as the server takes them. */
  const write = (request: Q) =>
    Promise.race([answered, new Promise<void>((resolve) => call.write(request, () => resolve()))]);
  const submission: Submission = { blockId: blockId ?? null, windowMs: windowMs ?? null, keepProofs };
  let sent: SubmitProgress = { parts: 0, transactions: 0 };
  try {
    if (opening !== null) await write(opening);
    await write(message(submissionToWire(submission)));
    for await (const part of batched(parts)) {
      if (isAnswered) break;
      await write(message(blockPartToWire(part)));
      const transactions = part.kind === 'transactions' ? part.transactions.length : 0;
      sent = { parts: sent.parts + 1, transactions: sent.transactions + transactions };
      onProgress?.(sent);
    }
    if (!isAnswered) call.end();
    return await answer;
  } catch (error) {
    call.cancel();
    throw error;
  } finally {
    stop.removeEventListener('abort', onAbort);
  }
}

/** The parts without their header, in sizes that travel well. */
async function* batched(parts: Parts): AsyncGenerator<BlockPart> {
  const batcher = new PartBatcher();
  for await (const part of parts) {
    if (part.kind !== 'header') yield* batcher.add(part);
  }
  yield* batcher.end();
}

function partsFor(source: BlockSource): Parts {
  if (typeof source === 'function') return source();
  return isBlock(source) ? partsOf(source) : source;
}

function isBlock(source: Exclude<BlockSource, () => Parts>): source is Block {
  return 'transactions' in source && 'start' in source;
}

function isRepeatable(source: BlockSource): boolean {
  return typeof source === 'function' || Array.isArray(source) || isBlock(source);
}
