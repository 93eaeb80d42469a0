import {
  type CircuitSet,
  createHasher,
  type Hasher,
  type KeySet,
  loadCircuits,
  loadKeys,
  SRS_POINTS_NEEDED,
} from '../../circuits/index.js';
import { cacheFolder } from '../../common/index.js';
import {
  createProver,
  type Prover,
  type ProverChoice,
  resolveSrs,
  type SimulatedProverOptions,
  type SrsChoice,
  type SrsProgress,
} from '../../native/index.js';
import type { CircuitName } from '../../proto/index.js';
import { requireProver } from './require-prover.js';

export interface EngineOptions {
  readonly srs: SrsChoice;
  readonly prover: ProverName;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What everybody should know of this run, such as that its proofs can be forged. */
  readonly onWarning: (message: string) => void;
  /** What takes long before the work can begin: making the SRS, a missing key. */
  readonly onWait: (message: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** A prover as the command line names it. */
export type ProverName =
  | { readonly kind: 'native' | 'wasm' }
  | { readonly kind: 'simulated'; readonly simulation?: SimulatedProverOptions }
  | { readonly kind: 'external'; readonly executable: string };

/** What proves, verifies and executes: the parts that every command shares. */
export interface Engine {
  readonly prover: Prover;
  readonly circuits: CircuitSet;
  readonly keys: KeySet;
  readonly hasher: Hasher;
  stop(): Promise<void>;
}

/**
 * Starts a prover on an SRS that serves the whole tree, also where only small circuits are proven: a client proof must
 * be made with the SRS that its block will be proven with.
 */
export async function openEngine(options: EngineOptions): Promise<Engine> {
  const circuits = loadCircuits();
  return engineOf(await createProver(await proverChoice(options)), circuits, options);
}

/** The engine of a prover, which stops with it. Keys that are not there are computed. */
export async function engineOf(
  prover: Prover,
  circuits: CircuitSet,
  options: Pick<EngineOptions, 'env' | 'onWait' | 'signal'>,
): Promise<Engine> {
  // A key takes seconds, which nobody should have to wait for who wants to stop.
  const stopEarly = () => void prover.stop();
  options.signal?.addEventListener('abort', stopEarly, { once: true });
  try {
    options.signal?.throwIfAborted();
    const keys = await loadKeys({
      circuits,
      identity: prover.identity,
      computeKey: (circuit) => prover.computeKey(circuit),
      cacheFolder: cacheFolder(options.env),
      ...(prover.identity.kind === 'simulated'
        ? {}
        : { onCompute: (circuit: CircuitName) => options.onWait(`computing the verification key of ${circuit}`) }),
    });
    return { prover, circuits, keys, hasher: await createHasher(), stop: () => prover.stop() };
  } catch (error) {
    await prover.stop();
    throw error;
  } finally {
    options.signal?.removeEventListener('abort', stopEarly);
  }
}

async function proverChoice({ prover, srs, env, onWarning, onWait, signal }: EngineOptions): Promise<ProverChoice> {
  if (prover.kind === 'simulated') {
    onWarning('simulated prover: these proofs prove nothing, and no real verifier accepts them');
    return prover;
  }
  await requireProver(prover, env);
  const resolved = await resolveSrs({
    choice: srs,
    pointsNeeded: SRS_POINTS_NEEDED,
    env,
    allowDownload: true,
    onWarning,
    onProgress: srsProgress(onWait),
    signal,
  });
  return prover.kind === 'external'
    ? { kind: 'external', srs: resolved, executable: prover.executable }
    : { kind: prover.kind, srs: resolved };
}

const SRS_STEPS = {
  generate: 'making the development SRS (once, 134 MB)',
  download: 'downloading the canonical SRS (once, 67 MB)',
  expand: 'expanding the canonical SRS (once, 134 MB)',
} as const;

/** Says how far an SRS is, each tenth of the way: a line each, also where nothing can be repainted. */
export function srsProgress(onWait: (message: string) => void): SrsProgress {
  let said = '';
  return (step, done, total) => {
    const text = `${SRS_STEPS[step]}: ${Math.floor((10 * done) / total) * 10} %`;
    if (text !== said) onWait(text);
    said = text;
  };
}
