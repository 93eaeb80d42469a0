import { type CircuitSet, findKeys, loadCircuits, misfitsOfPublished } from '../../circuits/index.js';
import { cacheFolder, EspalierError } from '../../common/index.js';
import { createProver, type Prover, resolveSrs, type Srs, verifierSrs } from '../../native/index.js';
import { CIRCUIT_NAMES } from '../../proto/index.js';
import { type Engine, type EngineOptions, engineOf, openEngine } from './engine.js';
import { requireProver } from './require-prover.js';

type VerifierOptions = Omit<EngineOptions, 'prover'>;

const VERIFIER = { kind: 'native' } as const;

/**
 * Starts a native prover to verify with. It needs an SRS that is large enough to prove with only where keys have to be
 * computed; `auto` is the canonical one. Rejects with `verification-failed` where the keys that are published for the
 * SRS and the version of `bb` are not those of the compiled circuits.
 */
export async function openVerifier(options: VerifierOptions, circuits = loadCircuits()): Promise<Engine> {
  await requireProver(VERIFIER, options.env);
  const prover = await createProver({ ...VERIFIER, srs: await srsToVerifyWith(options) });
  if (await hasAllKeys(prover, circuits, options)) return engineOf(prover, circuits, options);
  return openEngine({ ...options, prover: VERIFIER });
}

async function srsToVerifyWith({ srs, env, onWarning, signal }: VerifierOptions): Promise<Srs> {
  if (typeof srs !== 'object') return verifierSrs(srs === 'development' ? srs : 'canonical', env);
  return resolveSrs({ choice: srs, pointsNeeded: 2, env, allowDownload: false, onWarning, signal });
}

async function hasAllKeys(prover: Prover, circuits: CircuitSet, { env }: VerifierOptions): Promise<boolean> {
  let isEngine = false;
  try {
    await requirePublished(prover, circuits);
    const found = await findKeys({ circuits, identity: prover.identity, cacheFolder: cacheFolder(env) });
    isEngine = found.size === CIRCUIT_NAMES.length;
    return isEngine;
  } finally {
    if (!isEngine) await prover.stop();
  }
}

async function requirePublished({ identity }: Prover, circuits: CircuitSet): Promise<void> {
  const misfits = await misfitsOfPublished({ circuits, identity });
  if (misfits === null || misfits.length === 0) return;
  throw new EspalierError(
    'verification-failed',
    `the keys published for the ${identity.srs} SRS and bb ${identity.version} are not those of the compiled circuits ` +
      `(${misfits.join(', ')})`,
    {
      remedy:
        'use the release of espalier that made the proof; if it is the circuits that were changed on purpose, publish their keys with `npm run build:keys`',
    },
  );
}
