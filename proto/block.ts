import type { Field } from './field.js';
import type { SrsName } from './proof.js';

/** A block as it is read from a file, checked against every bound (see `orchestrator/block/schema.ts`). */
export interface Block {
  readonly version: 1;
  readonly start: StartState;
  readonly contracts: readonly Contract[];
  readonly transactions: readonly Transaction[];
}

/** The state a block starts from; everything not listed is zero. */
export interface StartState {
  readonly storage: readonly StorageEntry[];
  /** Nullifiers spent by earlier blocks. */
  readonly nullifiers: readonly Field[];
}

export interface StorageEntry {
  readonly contract: Field;
  readonly slot: Field;
  readonly value: Field;
}

export interface Contract {
  readonly name: string;
  /** Hash of the program and the salt; checked against both when a block is read. */
  readonly address: Field;
  readonly salt: Field;
  /** The program's text in the VM's assembly (docs/circuits.md). */
  readonly source: string;
}

export interface Transaction {
  /** Hash of the sender's secret. */
  readonly sender: Field;
  /** Spent by this transaction; one nullifier can be spent once. */
  readonly nullifier: Field;
  readonly calls: readonly Call[];
  readonly clientProof: ClientProof;
}

/** One public call. */
export interface Call {
  readonly contract: Field;
  /** At most `LIMITS.calldataWords` words; missing ones are zero. */
  readonly calldata: readonly Field[];
  readonly gasLimit: number;
}

/** The sender's zero-knowledge proof that she owns `sender`, made `nullifier` and wants exactly these calls. */
export interface ClientProof {
  readonly proof: Uint8Array;
  /** The SRS it was made with; `none` for a simulated proof. */
  readonly srs: SrsName;
}

/** sha256 of a block's content, hex. */
export type BlockId = string;
