import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeFolder, packageRoot, writeFileAtomically } from '../common/index.js';
import {
  CIRCUIT_NAMES,
  type CircuitName,
  type CompiledCircuit,
  FIELD_BYTES,
  type Field,
  fieldsFromBytes,
  type ProverIdentity,
  RECURSIVE_KEY_FIELDS,
  type VerificationKey,
} from '../proto/index.js';
import type { CircuitSet } from './circuit-set.js';
import type { Hasher } from './poseidon2/hasher.js';
import { TAGS } from './protocol-hashes.js';

/** Circuits whose proofs are verified inside other circuits, in the order in which the keys hash takes them. */
export const CHILD_CIRCUITS = [
  'client',
  'public-vm',
  'public-kernel-first',
  'public-kernel-next',
  'base-rollup-private',
  'base-rollup-public',
  'merge-rollup',
] as const satisfies readonly CircuitName[];

/** Verification key hashes of the circuits that may be children, 0x-prefixed. */
export type KeyHashes = Readonly<Record<(typeof CHILD_CIRCUITS)[number], string>>;

/** The verification keys of all circuits under one SRS and prover version. */
export interface KeySet {
  key(name: CircuitName): VerificationKey;
  readonly hashes: KeyHashes;
  /** Whether all are those published with this version, none made on this machine from the compiled circuits. */
  readonly arePublished: boolean;
  /** What every proof of the tree exposes as `keys_hash`. */
  keysHash(hasher: Hasher): Field;
}

interface StoredKey {
  /** Names the circuit the key was made for: a stale key is not found. */
  readonly bytecodeHash: string;
  readonly hash: string;
  /** base64 */
  readonly bytes: string;
}

type StoredKeys = Partial<Record<CircuitName, StoredKey>>;

export interface KeySource {
  readonly circuits: CircuitSet;
  readonly identity: ProverIdentity;
  /** Keys that are neither published nor cached are made with this: seconds for each. */
  readonly computeKey: (circuit: CompiledCircuit) => Promise<VerificationKey>;
  readonly cacheFolder: string;
  /** Told of each key that has to be made. */
  readonly onCompute?: (circuit: CircuitName) => void;
}

/** The keys that are published with this version of Espalier: `circuits/keys/<srs>.json`. */
export function publishedKeysPath(identity: ProverIdentity): string {
  return join(packageRoot(import.meta.url), 'circuits', 'keys', `${identity.srs}-${identity.version}.json`);
}

/** A key, and whether it is among those published with this version. */
export interface FoundKey {
  readonly key: VerificationKey;
  readonly isPublished: boolean;
}

/**
 * The keys that need no making: those published for the SRS and prover version where they fit the circuits, else those
 * cached. A simulated prover's keys are never cached.
 */
export async function findKeys(
  source: Pick<KeySource, 'circuits' | 'identity' | 'cacheFolder'>,
): Promise<ReadonlyMap<CircuitName, FoundKey>> {
  const { circuits, identity } = source;
  const published = await readStoredKeys(publishedKeysPath(identity));
  const cached = identity.kind === 'simulated' ? {} : await readStoredKeys(cachedKeysPath(source));
  const keys = new Map<CircuitName, FoundKey>();
  for (const name of CIRCUIT_NAMES) {
    const fits = (key: StoredKey | undefined) => key?.bytecodeHash === circuits.circuit(name).bytecodeHash;
    const stored = [published[name], cached[name]].find(fits);
    if (stored === undefined) continue;
    const bytes = Buffer.from(stored.bytes, 'base64');
    const key = { bytes, fields: keyFields(bytes), hash: stored.hash };
    keys.set(name, { key, isPublished: stored === published[name] });
  }
  return keys;
}

/**
 * Circuits whose published key is of another version of the circuit: none where the published set fits. Null where
 * nothing is published for this SRS and prover version.
 */
export async function misfitsOfPublished({
  circuits,
  identity,
}: Pick<KeySource, 'circuits' | 'identity'>): Promise<readonly CircuitName[] | null> {
  const path = publishedKeysPath(identity);
  if (!existsSync(path)) return null;
  const published = await readStoredKeys(path);
  return CIRCUIT_NAMES.filter((name) => published[name]?.bytecodeHash !== circuits.circuit(name).bytecodeHash);
}

/** All keys: those that `findKeys` finds, the others made now and cached. */
export async function loadKeys(source: KeySource): Promise<KeySet> {
  const { circuits, identity } = source;
  const found = await findKeys(source);
  const keys = new Map<CircuitName, VerificationKey>();
  for (const name of CIRCUIT_NAMES) {
    const known = found.get(name)?.key;
    if (known === undefined) source.onCompute?.(name);
    keys.set(name, known ?? (await source.computeKey(circuits.circuit(name))));
  }
  const set = keySet(keys, {
    arePublished: CIRCUIT_NAMES.every((name) => found.get(name)?.isPublished === true),
  });
  const isComplete = found.size === CIRCUIT_NAMES.length;
  if (!isComplete && identity.kind !== 'simulated') await writeStoredKeys(cachedKeysPath(source), circuits, set);
  return set;
}

function cachedKeysPath({ cacheFolder, identity }: Pick<KeySource, 'cacheFolder' | 'identity'>): string {
  return join(cacheFolder, 'keys', `${identity.srs}-${identity.version}.json`);
}

export function keySet(
  keys: ReadonlyMap<CircuitName, VerificationKey>,
  { arePublished }: { readonly arePublished: boolean } = { arePublished: false },
): KeySet {
  const key = (name: CircuitName): VerificationKey => {
    const found = keys.get(name);
    if (found === undefined) throw new Error(`no verification key of ${name}`);
    return found;
  };
  const hashes = Object.fromEntries(CHILD_CIRCUITS.map((name) => [name, key(name).hash])) as KeyHashes;
  return {
    key,
    hashes,
    arePublished,
    keysHash: (hasher) => hasher.hash([TAGS.keys, ...CHILD_CIRCUITS.map((name) => BigInt(hashes[name]))]),
  };
}

/** A key that circuits take is its field elements one after another; one for the EVM has another form and no elements. */
function keyFields(bytes: Buffer): string[] {
  return bytes.length === RECURSIVE_KEY_FIELDS * FIELD_BYTES ? fieldsFromBytes(bytes) : [];
}

async function readStoredKeys(path: string): Promise<StoredKeys> {
  if (!existsSync(path)) return {};
  try {
    return JSON.parse(await readFile(path, 'utf8')) as StoredKeys;
  } catch (thrown) {
    // Cut off by a power cut: the keys are made again, and the file with them.
    if (thrown instanceof SyntaxError) return {};
    throw thrown;
  }
}

export async function writeStoredKeys(path: string, circuits: CircuitSet, keys: KeySet): Promise<void> {
  const stored: StoredKeys = {};
  for (const name of CIRCUIT_NAMES) {
    const { bytes, hash } = keys.key(name);
    stored[name] = {
      bytecodeHash: circuits.circuit(name).bytecodeHash,
      hash,
      bytes: Buffer.from(bytes).toString('base64'),
    };
  }
  await makeFolder(dirname(path));
  await writeFileAtomically(path, `${JSON.stringify(stored, null, 2)}\n`);
}
