import type { Call, Contract, StorageEntry, Transaction } from '../block.js';
import type { BlockPart } from '../block-part.js';
import { LIMITS } from '../limits.js';
import type { SrsName } from '../proof.js';
import * as wire from '../wire.js';
import { Check, fieldToWire, reversed } from './check.js';

const SRS: Readonly<Record<SrsName, wire.Srs>> = {
  canonical: wire.Srs.CANONICAL,
  development: wire.Srs.DEVELOPMENT,
  none: wire.Srs.NONE,
};
const SRS_NAMES = reversed(SRS);

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

const check = new Check('block-invalid');

export function srsToWire(srs: SrsName): wire.Srs {
  return SRS[srs];
}

export function srsFromWire(srs: wire.Srs, what: string, by: Check): SrsName {
  return by.named(srs, SRS_NAMES, what);
}

/** A part as it travels; a header bare of what only a submission says (`submissionToWire`). */
export function blockPartToWire(part: BlockPart): wire.BlockPart {
  switch (part.kind) {
    case 'header':
      return { part: { $case: 'header', value: { version: part.version, blockId: '', options: undefined } } };
    case 'state': {
      const nullifiers = part.nullifiers.map(fieldToWire);
      return { part: { $case: 'state', value: { storage: part.storage.map(storageToWire), nullifiers } } };
    }
    case 'contracts':
      return { part: { $case: 'contracts', value: { contracts: part.contracts.map(contractToWire) } } };
    case 'transactions': {
      return { part: { $case: 'transactions', value: { transactions: part.transactions.map(transactionToWire) } } };
    }
  }
}

/**
 * A part as it came, each value checked by itself; what must hold between parts is for whoever puts them together. Throws
 * `block-invalid`, which names place and value: "transaction 3 of this part: sender has 33 bytes".
 */
export function blockPartFromWire({ part }: wire.BlockPart): BlockPart {
  if (part === undefined) throw check.fault('a part of the block is empty', 'name one of its fields');
  switch (part.$case) {
    case 'header':
      check.integer(part.value.version, 1, 1, "the block's version");
      return { kind: 'header', version: 1 };
    case 'state': {
      const { storage, nullifiers } = part.value;
      check.count(storage, 0, LIMITS.stateEntriesMax, 'storage entries of this part');
      check.count(nullifiers, 0, LIMITS.stateEntriesMax, 'nullifiers of this part');
      return {
        kind: 'state',
        storage: storage.map(storageFromWire),
        nullifiers: nullifiers.map((bytes, index) => check.field(bytes, `nullifier ${index} of this part`)),
      };
    }
    case 'contracts': {
      const { contracts } = part.value;
      check.count(contracts, 0, LIMITS.contractsMax, 'contracts of this part');
      return { kind: 'contracts', contracts: contracts.map(contractFromWire) };
    }
    case 'transactions': {
      const { transactions } = part.value;
      check.count(transactions, 0, LIMITS.transactionsMax, 'transactions of this part');
      return { kind: 'transactions', transactions: transactions.map(transactionFromWire) };
    }
  }
}

function storageToWire({ contract, slot, value }: StorageEntry): wire.StorageEntry {
  return { contract: fieldToWire(contract), slot: fieldToWire(slot), value: fieldToWire(value) };
}

function storageFromWire({ contract, slot, value }: wire.StorageEntry, index: number): StorageEntry {
  const place = `storage entry ${index} of this part:`;
  return {
    contract: check.field(contract, `${place} contract`),
    slot: check.field(slot, `${place} slot`),
    value: check.field(value, `${place} value`),
  };
}

function contractToWire({ name, address, salt, source }: Contract): wire.Contract {
  return { name, address: fieldToWire(address), salt: fieldToWire(salt), source };
}

function contractFromWire({ name, address, salt, source }: wire.Contract, index: number): Contract {
  const place = `contract ${index} of this part:`;
  return {
    name: check.text(name, NAME, '1 to 64 letters, digits, dots, _ and -', `${place} name`),
    address: check.field(address, `${place} address`),
    salt: check.field(salt, `${place} salt`),
    source: check.shortText(source, LIMITS.sourceCharsMax, `${place} source`),
  };
}

function transactionToWire({ sender, nullifier, calls, clientProof }: Transaction): wire.Transaction {
  return {
    sender: fieldToWire(sender),
    nullifier: fieldToWire(nullifier),
    calls: calls.map(callToWire),
    clientProof: asBuffer(clientProof.proof),
    clientProofSrs: SRS[clientProof.srs],
  };
}

function transactionFromWire(transaction: wire.Transaction, index: number): Transaction {
  const place = `transaction ${index} of this part:`;
  const { sender, nullifier, calls, clientProof, clientProofSrs } = transaction;
  check.count(calls, 0, LIMITS.callsPerTransactionMax, `${place} calls`);
  return {
    sender: check.field(sender, `${place} sender`),
    nullifier: check.field(nullifier, `${place} nullifier`),
    calls: calls.map((call, callIndex) => callFromWire(call, `${place} call ${callIndex},`)),
    clientProof: {
      proof: check.bytes(clientProof, 0, LIMITS.proofBytesMax, `${place} client_proof`),
      srs: srsFromWire(clientProofSrs, `${place} client_proof_srs`, check),
    },
  };
}

function callToWire({ contract, calldata, gasLimit }: Call): wire.Call {
  return { contract: fieldToWire(contract), calldata: calldata.map(fieldToWire), gasLimit };
}

function callFromWire({ contract, calldata, gasLimit }: wire.Call, place: string): Call {
  check.count(calldata, 0, LIMITS.calldataWords, `${place} calldata words`);
  return {
    contract: check.field(contract, `${place} contract`),
    calldata: calldata.map((word, index) => check.field(word, `${place} calldata ${index}`)),
    gasLimit: check.integer(gasLimit, 1, LIMITS.callGasMax, `${place} gas_limit`),
  };
}

/** The same bytes, not copied. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
