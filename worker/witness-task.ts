import type { SerializedError } from '../common/index.js';
import type { AbiInputs } from '../proto/index.js';

/** What crosses to a witness thread: transfer objects only. */
export interface WitnessTask {
  readonly bytecodeHash: string;
  /** The artefact as JSON in shared memory: handed over without a copy, parsed once a thread. */
  readonly artifactJson: Uint8Array;
  readonly inputs: AbiInputs;
}

/** The witness, uncompressed, or what went wrong: an error object would lose its code on the way. */
export type WitnessResult = Uint8Array | SerializedError;
