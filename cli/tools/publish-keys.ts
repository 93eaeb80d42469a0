import {
  type KeySet,
  keySet,
  loadCircuits,
  publishedKeysPath,
  SRS_POINTS_NEEDED,
  writeStoredKeys,
} from '../../circuits/index.js';
import { createProver, resolveSrs } from '../../native/index.js';
import { CIRCUIT_NAMES, type CircuitName, type VerificationKey } from '../../proto/index.js';

/**
 * `npm run build:keys -- [canonical|development]`: computes the verification keys of the compiled circuits and writes
 * them to `circuits/keys/`, to be committed: a changed circuit shows in review, and a first run need not compute them
 * (two minutes). The canonical ones need the canonical SRS on disk or a network.
 */
async function main(): Promise<void> {
  const choice = process.argv[2] === 'canonical' ? 'canonical' : 'development';
  const circuits = loadCircuits();
  const srs = await resolveSrs({
    choice,
    pointsNeeded: SRS_POINTS_NEEDED,
    env: process.env,
    allowDownload: true,
    onWarning: () => undefined,
  });
  const prover = await createProver({ kind: 'native', srs });
  try {
    const keys = new Map<CircuitName, VerificationKey>();
    for (const name of CIRCUIT_NAMES) {
      const key = await prover.computeKey(circuits.circuit(name));
      process.stderr.write(`${name}: ${key.hash}\n`);
      keys.set(name, key);
    }
    const set: KeySet = keySet(keys);
    await writeStoredKeys(publishedKeysPath(prover.identity), circuits, set);
  } finally {
    await prover.stop();
  }
}

await main();
