import {
  type BlockId,
  type BlockView,
  blockFromWire,
  type JobId,
  type ProofRecord,
  proofFromWire,
  type wire,
} from '../proto/index.js';
import { callUnary } from './call-unary.js';
import type { Connection } from './connection.js';
import { present } from './present.js';
import { readStream } from './read-stream.js';

/** Of `levels`, `everyLevel` and `rootOnly` one at most. */
export interface ProofsOptions {
  /** Levels of joins below the root that count too; 2 by default: the root, its children and theirs. */
  readonly levels?: number;
  /** The proofs of all jobs, from the VM up. Submit the block with `keepProofs` to miss none. */
  readonly everyLevel?: boolean;
  readonly rootOnly?: boolean;
  /** Goes on behind the item that had this cursor. */
  readonly cursor?: string;
  readonly signal?: AbortSignal;
}

/** What comes of a block's proofs. */
export type ProofItem = { readonly cursor: string } & (
  | { readonly kind: 'proof'; readonly proof: ProofRecord }
  /** Its proof was deleted when its parent's was durable, and did not come before. */
  | { readonly kind: 'replaced'; readonly jobId: JobId }
  /** Nothing follows. */
  | { readonly kind: 'ended'; readonly block: BlockView }
);

const WHOLE_ID = /^[0-9a-f]{64}$/i;

export async function* streamProofs(
  connection: Connection,
  name: BlockId,
  { levels = 0, everyLevel = false, rootOnly = false, cursor: first = '', signal }: ProofsOptions,
): AsyncGenerator<ProofItem, void> {
  // A beginning that names one block may name two when the stream is made anew.
  const blockId = WHOLE_ID.test(name) ? name : await resolve(connection, name, signal);
  /** A server that lost the block's history tells of all of it again; a proof may come after its name, if made again. */
  const yielded = new Map<JobId, 'proof' | 'replaced'>();
  let cursor = first;
  let hasEnded = false;
  const messages = readStream(connection, {
    open: () => {
      const request = { blockId, levelsBelowRoot: levels, everyLevel, rootOnly, cursor };
      return connection.blocks.streamProofs(request, connection.metadata());
    },
    isOver: () => hasEnded,
    isResumable: true,
    signal,
  });
  for await (const message of messages) {
    const item = itemFromWire(message);
    if (item === null) continue;
    cursor = item.cursor;
    hasEnded = item.kind === 'ended';
    if (item.kind !== 'ended') {
      const jobId = item.kind === 'proof' ? item.proof.jobId : item.jobId;
      const before = yielded.get(jobId);
      if (before === 'proof' || before === item.kind) continue;
      yielded.set(jobId, item.kind);
    }
    yield item;
    if (hasEnded) return;
  }
}

async function resolve(connection: Connection, name: string, signal: AbortSignal | undefined): Promise<BlockId> {
  const { blocks } = connection;
  const method = blocks.getBlock.bind(blocks);
  const { block } = await callUnary(connection, method, { blockId: name }, { signal, isRepeatable: true });
  return blockFromWire(present(block)).blockId;
}

/** null for what a newer server may tell. */
function itemFromWire({ cursor, item }: wire.StreamProofsResponse): ProofItem | null {
  switch (item?.$case) {
    case 'proof':
      return { cursor, kind: 'proof', proof: proofFromWire(item.value) };
    case 'replaced':
      return { cursor, kind: 'replaced', jobId: item.value.jobId };
    case 'ended':
      return { cursor, kind: 'ended', block: blockFromWire(item.value) };
    case undefined:
      return null;
  }
}
