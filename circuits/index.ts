/** Noir circuits, their build, and typed encoders from our types to circuit inputs. */

export { type Abi, checkInputs, publicInputsOf } from './abi.js';
export * from './assembly/index.js';
export { CATALOGUE, SRS_POINTS_NEEDED } from './catalogue.js';
export * from './circuit-inputs.js';
export { type CircuitSet, loadCircuits, targetFolder } from './circuit-set.js';
export { encodeInputs } from './encode.js';
export {
  CHILD_CIRCUITS,
  type FoundKey,
  findKeys,
  type KeyHashes,
  type KeySet,
  keySet,
  loadKeys,
  misfitsOfPublished,
  publishedKeysPath,
  writeStoredKeys,
} from './keys.js';
export { createHasher, type Hasher } from './poseidon2/hasher.js';
export { proofSystem, proofSystemId } from './proof-system.js';
export {
  calldataHash,
  callHash,
  callsHashes,
  clientPublic,
  joinContent,
  NONE,
  nextOutcomeHash,
  nullifierKey,
  nullifierOf,
  padCalldata,
  senderOf,
  stateLeaf,
  storageKey,
  TAGS,
  transactionContent,
} from './protocol-hashes.js';
