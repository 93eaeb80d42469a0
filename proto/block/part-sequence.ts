import { EspalierError } from '../../common/index.js';
import type { BlockPart } from '../block-part.js';
import { LIMITS } from '../limits.js';

const ORDER = ['header', 'state', 'contracts', 'transactions'] as const satisfies readonly BlockPart['kind'][];

/** Holds the parts of a block to their order, and all of them together to the bounds of a block. */
export class PartSequence {
  storage = 0;
  nullifiers = 0;
  contracts = 0;
  transactions = 0;
  calls = 0;
  #last: BlockPart['kind'] | undefined;

  /** Throws `block-invalid` where the part may not stand here, or the block is too large with it. */
  add(part: BlockPart): void {
    const { kind } = part;
    if (this.#last === undefined && kind !== 'header') throw invalid(`the first part is ${kind}`, FIRST);
    if (this.#last !== undefined && (kind === 'header' || ORDER.indexOf(kind) < ORDER.indexOf(this.#last))) {
      throw invalid(`${kind} come after ${this.#last}`, FIRST);
    }
    this.#last = kind;
    if (part.kind === 'state') {
      this.storage = within(this.storage + part.storage.length, 'start, storage', LIMITS.stateEntriesMax);
      this.nullifiers = within(this.nullifiers + part.nullifiers.length, 'start, nullifiers', LIMITS.stateEntriesMax);
    } else if (part.kind === 'contracts') {
      this.contracts = within(this.contracts + part.contracts.length, 'contracts', LIMITS.contractsMax);
    } else if (part.kind === 'transactions') {
      for (const { calls } of part.transactions) this.#addTransaction(calls.length);
    }
  }

  /** Nothing more comes. Throws `block-invalid` for a block without a transaction. */
  end(): void {
    if (this.#last === undefined) throw invalid('there is nothing of a block', FIRST);
    if (this.transactions > 0) return;
    throw invalid('the block has no transaction', `allowed: 1 to ${LIMITS.transactionsMax} transactions`);
  }

  #addTransaction(calls: number): void {
    this.calls += calls;
    if (this.calls > LIMITS.callsMax) {
      throw invalid(
        `tx ${this.transactions}: the block has more than ${LIMITS.callsMax} calls up to here`,
        'split the block',
      );
    }
    this.transactions = within(this.transactions + 1, 'transactions', LIMITS.transactionsMax);
  }
}

const FIRST = `parts come in this order: one header, then ${ORDER.slice(1).join(', ')}`;

function within(count: number, what: string, max: number): number {
  if (count <= max) return count;
  throw invalid(`${what}: a list of more than ${max} is not allowed`, 'split the block');
}

function invalid(message: string, remedy: string): EspalierError {
  return new EspalierError('block-invalid', message, { remedy });
}
