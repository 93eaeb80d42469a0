import type { Contract, StorageEntry, Transaction } from './block.js';
import type { Field } from './field.js';

/**
 * A block in parts, in this order: one header, then starting state, contracts and transactions, each in any number of
 * parts (of transactions at least one). So a block of any size is read, sent and stored without being held whole.
 */
export type BlockPart =
  | { readonly kind: 'header'; readonly version: 1 }
  | { readonly kind: 'state'; readonly storage: readonly StorageEntry[]; readonly nullifiers: readonly Field[] }
  | { readonly kind: 'contracts'; readonly contracts: readonly Contract[] }
  | { readonly kind: 'transactions'; readonly transactions: readonly Transaction[] };
