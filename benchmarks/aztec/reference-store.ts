import type { ProofStore } from './aztec-types.js';

/**
 * A store of inputs and proofs that keeps none: an address says what a job is. Aztec's own default writes both into the
 * address; leaving them out is to its advantage, and what is left out of the other peers too.
 */
export class ReferenceStore implements ProofStore {
  async saveProofInput(id: string, type: number): Promise<string> {
    return `none:${type}:${id}`;
  }

  async saveProofOutput(id: string, type: number): Promise<string> {
    return `none:${type}:${id}`;
  }

  async getProofInput(address: string) {
    return { type: typeIn(address), inputs: address };
  }

  async getProofOutput(address: string) {
    return { type: typeIn(address), result: address };
  }
}

function typeIn(address: string): number {
  return Number(address.split(':', 2)[1]);
}
