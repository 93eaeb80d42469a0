import { EspalierError } from '../../common/index.js';
import {
  type BlockId,
  blockPartFromWire,
  type Submission,
  type SubmissionOutcome,
  submissionFromWire,
  type wire,
} from '../../proto/index.js';
import { BlockIntake } from '../block/index.js';
import { submitReceived } from '../cluster/index.js';
import type { ApiBackend } from './api-backend.js';
import type { ApiLimits } from './limits/index.js';

export interface TakeOptions {
  /** Where blocks lie while they come. Default: the system's folder for temporary files. */
  readonly spoolFolder?: string | undefined;
  /** The proving window of those who name none; undefined: `PROVING_WINDOW_DEFAULT_MS`. */
  readonly windowMs?: number | undefined;
  readonly limits: Pick<ApiLimits, 'submissionTransactionsMax' | 'blocksOpenMax'>;
  readonly signal: AbortSignal;
  /** `traceparent` of the submission. */
  readonly trace?: string | undefined;
}

export interface Taken {
  readonly blockId: BlockId;
  readonly outcome: SubmissionOutcome;
}

/**
 * Takes a block that comes in parts, and submits it. Where its first part names it and it is open or proven already, that
 * is the answer, and nothing more is read. Rejects with what is wrong with it, having submitted nothing.
 */
export async function takeBlock(
  parts: AsyncIterable<wire.BlockPart>,
  backend: ApiBackend,
  { spoolFolder, windowMs: windowDefaultMs, limits, signal, trace }: TakeOptions,
): Promise<Taken> {
  const { hasher, board, blocks, clock } = backend;
  const folder = spoolFolder === undefined ? {} : { folder: spoolFolder };
  const intake = await BlockIntake.open({ hasher, ...folder });
  let transactions = 0;
  try {
    let submission: Submission | undefined;
    for await (const part of parts) {
      signal.throwIfAborted();
      if (submission === undefined) {
        submission = headerOf(part);
        const known = submission.blockId === null ? undefined : await findTaken(submission.blockId, backend);
        if (known !== undefined) return known;
      }
      const taken = blockPartFromWire(part);
      transactions += taken.kind === 'transactions' ? taken.transactions.length : 0;
      if (transactions > limits.submissionTransactionsMax) throw tooMany(limits.submissionTransactionsMax);
      await intake.add(taken);
    }
    if (submission === undefined) throw noHeader('the submission is empty');
    const received = await intake.finish();
    checkId(submission, received.blockId);
    const known = await findTaken(received.blockId, backend);
    if (known !== undefined) return known;
    await checkRoom(board, limits);
    const store = () => intake.store(blocks);
    await store();
    const windowMs = submission.windowMs ?? windowDefaultMs;
    const { keepProofs } = submission;
    const options = {
      ...{ keepProofs, signal, storeAgain: store },
      ...(windowMs === undefined ? {} : { windowMs }),
      ...(trace === undefined ? {} : { trace }),
    };
    return { blockId: received.blockId, outcome: await submitReceived(received, { board, blocks }, options, clock) };
  } finally {
    await intake.close();
  }
}

function tooMany(max: number): EspalierError {
  const message = `the block has more than ${max} transactions, as many as a submission may have`;
  return new EspalierError('limit-exceeded', `${message} (submissionTransactionsMax)`, { remedy: 'split the block' });
}

/** Of two submissions at once both may find the last place: the bound is about what is kept, not exact. */
async function checkRoom(
  board: Pick<ApiBackend['board'], 'list'>,
  { blocksOpenMax }: Pick<ApiLimits, 'blocksOpenMax'>,
) {
  const { length } = await board.list();
  if (length < blocksOpenMax) return;
  throw new EspalierError(
    'queue-full',
    `${length} blocks are open, as many as may be (blocksOpenMax: ${blocksOpenMax})`,
    {
      remedy: 'submit it again when some of them have ended',
    },
  );
}

function headerOf({ part }: wire.BlockPart): Submission {
  if (part?.$case !== 'header') throw noHeader(`the first part is ${part?.$case ?? 'empty'}`);
  return submissionFromWire(part.value);
}

function noHeader(what: string): EspalierError {
  return new EspalierError('block-invalid', `${what}: a block begins with its header`, {
    remedy: 'send the parts in the order of the fields of BlockPart',
  });
}

function checkId({ blockId: named }: Submission, blockId: BlockId): void {
  if (named === null || named === blockId) return;
  throw new EspalierError('block-invalid', `the header names block ${named}, and what came is block ${blockId}`, {
    remedy: 'leave block_id out, or compute it as docs/api.md says',
  });
}

/** What becomes of a block that is there already; undefined where it is to be submitted (again). */
async function findTaken(
  blockId: BlockId,
  { board, blocks, proofs }: Pick<ApiBackend, 'board' | 'blocks' | 'proofs'>,
): Promise<Taken | undefined> {
  const status = await board.find(blockId);
  // One that is being cancelled is submitted again when it has ended.
  if (status !== undefined) return status.state === 'cancelling' ? undefined : { blockId, outcome: 'open' };
  const result = await blocks.getResult(blockId);
  if (result?.state !== 'proven' || result.rootId === null) return undefined;
  return (await proofs.hasProof(result.rootId)) ? { blockId, outcome: 'proven' } : undefined;
}
