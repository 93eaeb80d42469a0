import { type Call, type Field, LIMITS } from '../proto/index.js';
import type { ClientPublic } from './circuit-inputs.js';
import type { Hasher } from './poseidon2/hasher.js';

/** Domain tags: the first element of every tagged hash (docs/circuits.md, `circuits/lib/src/hash.nr`). */
export const TAGS = {
  program: 1n,
  contract: 2n,
  storage: 3n,
  nullifier: 4n,
  leaf: 5n,
  account: 6n,
  spend: 7n,
  calldata: 8n,
  call: 9n,
  calls: 10n,
  outcome: 11n,
  transaction: 12n,
  node: 13n,
  keys: 14n,
} as const;

/** The empty list of calls, and the outcome of no call. */
export const NONE: Field = 0n;

export const storageKey = (hasher: Hasher, contract: Field, slot: Field): Field =>
  hasher.hash([TAGS.storage, contract, slot]);

export const nullifierKey = (hasher: Hasher, nullifier: Field): Field => hasher.hash([TAGS.nullifier, nullifier]);

/** The leaf of a value under a key: 0 for the value 0. */
export const stateLeaf = (hasher: Hasher, key: Field, value: Field): Field =>
  value === 0n ? 0n : hasher.hash([TAGS.leaf, key, value]);

/** The sender that a secret owns. */
export const senderOf = (hasher: Hasher, secret: Field): Field => hasher.hash([TAGS.account, secret]);

/** The nullifier of the transaction that a secret signs with a nonce. */
export const nullifierOf = (hasher: Hasher, secret: Field, nonce: Field): Field =>
  hasher.hash([TAGS.spend, secret, nonce]);

/** Calldata as circuits take it: exactly `LIMITS.calldataWords` words, missing ones zero. */
export function padCalldata(calldata: readonly Field[]): Field[] {
  return Array.from({ length: LIMITS.calldataWords }, (_, index) => calldata[index] ?? 0n);
}

export const calldataHash = (hasher: Hasher, calldata: readonly Field[]): Field =>
  hasher.hash([TAGS.calldata, ...padCalldata(calldata)]);

export const callHash = (hasher: Hasher, call: Call): Field =>
  hasher.hash([TAGS.call, call.contract, calldataHash(hasher, call.calldata), BigInt(call.gasLimit)]);

/**
 * The hash of every tail of a list of calls, from their call hashes: element `i` is the hash of the calls from `i` on;
 * there is one element more than there are calls, and the last is `NONE`.
 */
export function callsHashes(hasher: Hasher, callHashes: readonly Field[]): Field[] {
  const tails: Field[] = [NONE];
  for (const hash of callHashes.toReversed()) tails.push(hasher.hash([TAGS.calls, hash, tails.at(-1) ?? NONE]));
  return tails.reverse();
}

/** What a transaction's client proof exposes. */
export function clientPublic(
  hasher: Hasher,
  transaction: { readonly nullifier: Field; readonly sender: Field; readonly calls: readonly Call[] },
): ClientPublic {
  const callHashes = transaction.calls.map((call) => callHash(hasher, call));
  return {
    nullifier: transaction.nullifier,
    sender: transaction.sender,
    callsHash: callsHashes(hasher, callHashes)[0] ?? NONE,
  };
}

/** The outcome hash after one more call. */
export const nextOutcomeHash = (
  hasher: Hasher,
  previous: Field,
  call: { readonly hash: Field; readonly reverted: boolean; readonly returnValue: Field; readonly gasUsed: number },
): Field =>
  hasher.hash([TAGS.outcome, previous, call.hash, call.reverted ? 1n : 0n, call.returnValue, BigInt(call.gasUsed)]);

/** The content hash of one transaction. */
export const transactionContent = (hasher: Hasher, client: ClientPublic, outcomeHash: Field): Field =>
  hasher.hash([TAGS.transaction, client.nullifier, client.sender, client.callsHash, outcomeHash]);

/** The content hash of a join. */
export const joinContent = (hasher: Hasher, left: Field, right: Field): Field => hasher.hash([TAGS.node, left, right]);
