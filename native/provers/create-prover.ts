import type { Prover } from '../prover.js';
import type { Srs } from '../srs/srs.js';
import { createExternalProver } from './external-prover.js';
import { createNativeProver } from './native-prover.js';
import { SimulatedProver, type SimulatedProverOptions } from './simulated-prover.js';
import { createWasmProver } from './wasm-prover.js';

export type ProverChoice =
  | { readonly kind: 'native' | 'wasm'; readonly srs: Srs }
  /** An executable that takes the arguments and files of `bb prove`. */
  | { readonly kind: 'external'; readonly srs: Srs; readonly executable: string }
  | { readonly kind: 'simulated'; readonly simulation?: SimulatedProverOptions };

/**
 * The prover that was chosen, checked to start, and no other: where it cannot work this rejects with
 * `prover-unavailable` or `srs-unsupported`.
 */
export async function createProver(choice: ProverChoice): Promise<Prover> {
  switch (choice.kind) {
    case 'native':
      return createNativeProver(choice.srs);
    case 'wasm':
      return createWasmProver(choice.srs);
    case 'external':
      return createExternalProver(choice.executable, choice.srs);
    case 'simulated':
      return new SimulatedProver(choice.simulation);
  }
}
