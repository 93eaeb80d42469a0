import { EspalierError } from '../../common/index.js';
import {
  type BlockId,
  blockPartToWire,
  blockToWire,
  cursorFromText,
  outcomeToWire,
  type ProofRecord,
  type ProofSummary,
  proofToWire,
  summaryToWire,
  type wire,
} from '../../proto/index.js';
import { StoredBlock } from '../../store/index.js';
import { forgetBlock } from '../cluster/index.js';
import type { ApiBackend } from './api-backend.js';
import type { CallContext, ServiceHandlers } from './calls/index.js';
import { EndedBlocks } from './ended-blocks.js';
import { resolveBlock, unknownBlock, viewBlock } from './find-block.js';
import { listBlocks } from './list-blocks.js';
import { PlannedTrees } from './planned-tree.js';
import { streamProofs } from './stream-proofs.js';
import { type TakeOptions, takeBlock } from './take-block.js';
import { watchBlock } from './watch-block.js';

/** Summaries of one message, of some 600 bytes each. */
const CREDITS_AT_ONCE = 500;

export type BlockHandlerOptions = Omit<TakeOptions, 'signal' | 'limits' | 'trace'>;
type Options = Omit<TakeOptions, 'signal' | 'trace'>;

/** `BlockService`. */
export function blockHandlers(backend: ApiBackend, options: Options): ServiceHandlers<typeof wire.BlockServiceService> {
  const trees = new PlannedTrees(backend.blocks);
  const ended = new EndedBlocks(backend);
  const resolve = (text: string) => resolveBlock(text, backend);
  return {
    async submitBlock(requests, { signal, trace }) {
      const { blockId, outcome } = await takeBlock(partsOf(requests), backend, { ...options, signal, trace });
      return { blockId, outcome: outcomeToWire(outcome) };
    },
    replaceBlock: (requests, context) => replaceBlock(requests, backend, options, context),
    async getBlock({ blockId }) {
      return { block: blockToWire(await viewBlock(await resolve(blockId), backend)) };
    },
    listBlocks: (request) => listBlocks(request, backend.board, ended),
    async *watchBlock({ blockId, cursor }, { signal }) {
      const after = cursor === '' ? undefined : cursorFromText(cursor);
      yield* watchBlock(await resolve(blockId), after, backend, signal);
    },
    async *streamProofs(request, { signal }) {
      yield* streamProofs(await resolve(request.blockId), request, { ...backend, trees }, signal);
    },
    async getProof({ which }) {
      if (which === undefined) {
        throw new EspalierError('request-malformed', 'neither a job nor a block is named', {
          remedy: 'set job_id, or root_of_block_id',
        });
      }
      const record = await (which.$case === 'jobId'
        ? proofOf(which.value, backend)
        : rootOf(await resolve(which.value), backend));
      return { proof: proofToWire(record) };
    },
    async *downloadBlock({ blockId: text }) {
      const blockId = await resolve(text);
      const stored = await StoredBlock.open(backend.blocks, blockId);
      if (stored === undefined) throw unknownBlock(blockId, backend.place);
      for await (const part of stored.parts()) yield { part: blockPartToWire(part) };
    },
    async *listCredits({ blockId: text }) {
      const blockId = await resolve(text);
      if ((await backend.board.find(blockId)) !== undefined) {
        yield* creditMessages(await backend.board.credits(blockId));
        return;
      }
      await viewBlock(blockId, backend);
      for await (const piece of backend.blocks.creditPieces(blockId)) yield* creditMessages(piece);
    },
    async cancelBlock({ blockId: text }) {
      const blockId = await resolve(text);
      const wasOpen = await backend.board.cancel(blockId);
      if (!wasOpen) await viewBlock(blockId, backend);
      return { blockId, wasOpen };
    },
    async forgetBlock({ blockId: text }, { signal }) {
      const blockId = await resolve(text);
      await forgetBlock(blockId, backend, { clock: backend.clock, signal });
      return { blockId };
    },
  };
}

async function replaceBlock(
  requests: AsyncIterable<wire.ReplaceBlockRequest>,
  backend: ApiBackend,
  options: Options,
  { signal, trace }: CallContext,
): Promise<wire.ReplaceBlockResponse> {
  const steps = requests[Symbol.asyncIterator]();
  const first = await steps.next();
  const step = first.done ? undefined : first.value.step;
  if (step?.$case !== 'replacedBlockId') {
    throw new EspalierError(
      'request-malformed',
      'a replacement begins with replaced_block_id: which block it replaces',
      { remedy: 'send that first, and then the parts of the new block' },
    );
  }
  const replaced = await resolveBlock(step.value, backend);
  await viewBlock(replaced, backend);
  const { blockId, outcome } = await takeBlock(partsBehind(steps), backend, { ...options, signal, trace });
  // Cancelled only when the new one is there: what both share is kept for it.
  const wasOpen = blockId !== replaced && (await backend.board.cancel(replaced));
  return { blockId, outcome: outcomeToWire(outcome), replacedBlockId: replaced, wasOpen };
}

async function* partsOf(requests: AsyncIterable<wire.SubmitBlockRequest>): AsyncGenerator<wire.BlockPart> {
  for await (const { part } of requests) yield part ?? { part: undefined };
}

async function* partsBehind(steps: AsyncIterator<wire.ReplaceBlockRequest>): AsyncGenerator<wire.BlockPart> {
  for (let next = await steps.next(); !next.done; next = await steps.next()) {
    const { step } = next.value;
    if (step?.$case === 'replacedBlockId') {
      throw new EspalierError('request-malformed', 'replaced_block_id comes again', {
        remedy: 'send it once, before the parts of the new block',
      });
    }
    yield step?.value ?? { part: undefined };
  }
}

function* creditMessages(credits: readonly ProofSummary[]): Generator<wire.ListCreditsResponse> {
  for (let first = 0; first < credits.length; first += CREDITS_AT_ONCE) {
    yield { summaries: credits.slice(first, first + CREDITS_AT_ONCE).map(summaryToWire) };
  }
}

/** What an id of a job may consist of, and so the name of a proof in the store. */
const JOB_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,179}$/;

async function proofOf(jobId: string, { proofs }: ApiBackend): Promise<ProofRecord> {
  const shown = JSON.stringify(jobId.slice(0, 200));
  if (!JOB_ID.test(jobId)) {
    throw new EspalierError('request-malformed', `${shown} is no id of a job`, {
      remedy: 'it is <circuit>.<position>.<lineage>',
    });
  }
  const record = await proofs.getProof(jobId);
  if (record !== undefined) return record;
  throw new EspalierError('proof-unknown', `there is no proof of job ${shown} in the store`, {
    remedy: "a child's proof is deleted when its parent's is durable, unless the block was submitted with keep_proofs",
  });
}

async function rootOf(blockId: BlockId, backend: ApiBackend): Promise<ProofRecord> {
  const { state, rootId, endedAtMs } = await viewBlock(blockId, backend);
  if (rootId !== null) return proofOf(rootId, backend);
  throw new EspalierError('proof-unknown', `block ${blockId} has no root proof: it is ${state}`, {
    remedy:
      endedAtMs === null
        ? `\`espalier watch ${blockId.slice(0, 12)}\` follows it`
        : 'submit it again to go on from its finished proofs',
  });
}
