import { createHash } from 'node:crypto';
import { at } from './at.js';

/** Bytes of a lineage as it stands in job ids: 32 hexadecimal digits. */
const LINEAGE_BYTES = 16;

/**
 * The rolling hash that makes job ids unique to content: `P_0` is the seed and `P_{t+1} = sha256(P_t ‖ id of
 * transaction t)`. It covers everything up to a transaction and nothing after it, so blocks that share a prefix of
 * transactions share the lineages of that prefix.
 */
export class Lineage {
  readonly #bytes: Buffer;

  /** `seed` and `transactionIds` are sha256 digests, 64 hexadecimal digits each. */
  constructor(seed: string, transactionIds: readonly string[]) {
    this.#bytes = Buffer.alloc(LINEAGE_BYTES * transactionIds.length);
    let prefix = Buffer.from(seed, 'hex');
    for (let t = 0; t < transactionIds.length; t++) {
      prefix = createHash('sha256').update(prefix).update(at(transactionIds, t), 'hex').digest();
      prefix.copy(this.#bytes, LINEAGE_BYTES * t, 0, LINEAGE_BYTES);
    }
  }

  /** First 32 hexadecimal digits of the hash of everything up to and including transaction `t`. */
  upTo(t: number): string {
    return this.#bytes.toString('hex', LINEAGE_BYTES * t, LINEAGE_BYTES * (t + 1));
  }
}
