import { createHash } from 'node:crypto';
import { CIRCUIT_NAMES, type ProverIdentity } from '../proto/index.js';
import type { KeySet } from './keys.js';

/** What decides whether proofs fit together: the SRS, whether they are simulated, and the keys of all circuits. */
export function proofSystem(identity: Pick<ProverIdentity, 'srs' | 'kind'>, keys: Pick<KeySet, 'key'>) {
  return [identity.srs, identity.kind === 'simulated', CIRCUIT_NAMES.map((name) => keys.key(name).hash)] as const;
}

/** The same as a short name: equal for provers whose proofs fit together, of whichever kind they are. */
export function proofSystemId(identity: Pick<ProverIdentity, 'srs' | 'kind'>, keys: Pick<KeySet, 'key'>): string {
  return createHash('sha256')
    .update(JSON.stringify(proofSystem(identity, keys)))
    .digest('hex')
    .slice(0, 16);
}
