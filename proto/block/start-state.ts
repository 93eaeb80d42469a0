import { createHash } from 'node:crypto';
import type { StartState } from '../block.js';
import { FIELD_BYTES, type Field, fieldToBytes } from '../field.js';
import { SortedRows } from './sorted-rows.js';

/** What a block starts from, as it comes in batches: kept as bytes, 100 a storage entry and 36 a nullifier. */
export class StartStateRows {
  readonly #storage = new SortedRows(3 * FIELD_BYTES);
  readonly #nullifiers = new SortedRows(FIELD_BYTES);

  add({ storage, nullifiers }: StartState): void {
    for (const { contract, slot, value } of storage) {
      this.#storage.add(Buffer.concat([contract, slot, value].map(fieldToBytes)));
    }
    for (const nullifier of nullifiers) this.#nullifiers.add(fieldToBytes(nullifier));
  }

  isSpent(nullifier: Field): boolean {
    return this.#nullifiers.length > 0 && this.#nullifiers.has(fieldToBytes(nullifier));
  }

  /** Indexes of two storage entries that set one slot; undefined where there are none. */
  twinSlots(): readonly [number, number] | undefined {
    return this.#storage.findTwins(2 * FIELD_BYTES);
  }

  /** Indexes of two nullifiers that are the same. */
  twinNullifiers(): readonly [number, number] | undefined {
    return this.#nullifiers.findTwins(FIELD_BYTES);
  }

  slot(index: number): Field {
    return fieldAt(this.#storage.row(index), 1);
  }

  nullifier(index: number): Field {
    return fieldAt(this.#nullifiers.row(index), 0);
  }

  /** sha256 in hex: the order of entries, and those of value 0, do not count. See `startStateId`. */
  id(): string {
    const hash = createHash('sha256').update('["start",[');
    let separator = '';
    for (const number of this.#storage.sorted()) {
      const row = this.#storage.row(number);
      if (row.subarray(2 * FIELD_BYTES).every((byte) => byte === 0)) continue;
      hash.update(`${separator}"${[0, 1, 2].map((index) => hexAt(row, index)).join(' ')}"`);
      separator = ',';
    }
    hash.update('],[');
    separator = '';
    for (const number of this.#nullifiers.sorted()) {
      hash.update(`${separator}"${hexAt(this.#nullifiers.row(number), 0)}"`);
      separator = ',';
    }
    return hash.update(']]').digest('hex');
  }
}

function hexAt(row: Buffer, index: number): string {
  return `0x${row.toString('hex', index * FIELD_BYTES, (index + 1) * FIELD_BYTES)}`;
}

function fieldAt(row: Buffer, index: number): Field {
  return BigInt(hexAt(row, index));
}
