import { EspalierError } from '../../common/index.js';
import type { BlockId } from '../block.js';
import type { BlockPart } from '../block-part.js';
import type { SrsName } from '../proof.js';
import { transactionId } from './block-id.js';
import { type BlockOutline, outlineFamily, outlineId } from './block-outline.js';
import { StartStateRows } from './start-state.js';

/** What a cluster is told of a block when it is submitted. */
export interface BlockFacts {
  readonly blockId: BlockId;
  readonly family: string;
  readonly transactions: number;
  readonly calls: number;
  /** What its first client proof was made with. */
  readonly srs?: SrsName;
}

/** The identity of a block that comes in parts: about 100 bytes a transaction, whatever is in it. */
export class BlockIdentity {
  readonly #start = new StartStateRows();
  readonly #transactionIds: string[] = [];
  readonly #callCounts: number[] = [];
  #startId: string | undefined;
  #srs: SrsName | undefined;

  /** A part that was checked, in its place (`PartSequence`). */
  add(part: BlockPart): void {
    if (part.kind === 'state') this.#start.add(part);
    if (part.kind !== 'transactions') return;
    for (const transaction of part.transactions) {
      this.#srs ??= transaction.clientProof.srs;
      this.#transactionIds.push(transactionId(transaction));
      this.#callCounts.push(transaction.calls.length);
    }
  }

  /** What came of the starting state. */
  get start(): Pick<StartStateRows, 'isSpent' | 'twinSlots' | 'twinNullifiers' | 'slot' | 'nullifier'> {
    return this.#start;
  }

  /** Of the transactions so far; the starting state must be there to its end. */
  get outline(): BlockOutline {
    this.#startId ??= this.#start.id();
    return {
      version: 1,
      startId: this.#startId,
      transactionIds: this.#transactionIds,
      callCounts: this.#callCounts,
    };
  }

  /** Nothing more comes. */
  finish(): BlockFacts {
    const { outline } = this;
    if (outline.transactionIds.length === 0) throw new EspalierError('block-invalid', 'the block has no transaction');
    return {
      blockId: outlineId(outline),
      family: outlineFamily(outline),
      transactions: outline.transactionIds.length,
      calls: outline.callCounts.reduce((sum, count) => sum + count, 0),
      ...(this.#srs === undefined ? {} : { srs: this.#srs }),
    };
  }
}
