import {
  type BlockId,
  type BlockView,
  blockFromWire,
  type JobId,
  type ProofRecord,
  proofFromWire,
  type wire,
} from '../proto/index.js';
import type { Connection } from './connection.js';
import { readStream } from './read-stream.js';

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
  /** Its proof was deleted when its parent's was durable, before it could be read. */
  | { readonly kind: 'replaced'; readonly jobId: JobId }
  /** Nothing follows. */
  | { readonly kind: 'ended'; readonly block: BlockView }
);

export async function* streamProofs(
  connection: Connection,
  blockId: BlockId,
  { levels = 0, everyLevel = false, rootOnly = false, cursor: first = '', signal }: ProofsOptions,
): AsyncGenerator<ProofItem, void> {
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
    yield item;
    if (hasEnded) return;
  }
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
