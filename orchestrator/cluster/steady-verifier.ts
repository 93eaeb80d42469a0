import { EspalierError } from '../../common/index.js';
import type { PrepareTools } from '../run/index.js';

/** A prover's process may die under a verification, through no fault of the proof. */
const TRIES_MAX = 3;

/** Verifies again where the prover crashed. */
export function steadyVerifier(prover: PrepareTools['prover']): PrepareTools['prover'] {
  return {
    identity: prover.identity,
    async verify(request) {
      for (let tries = 1; ; tries++) {
        try {
          return await prover.verify(request);
        } catch (thrown) {
          if (tries === TRIES_MAX || !EspalierError.from(thrown).retryable) throw thrown;
        }
      }
    },
  };
}
