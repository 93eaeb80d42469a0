import { loadCircuits, proofSystemId } from '../../circuits/index.js';
import { EspalierError, redactRedisUrl, systemClock } from '../../common/index.js';
import { DEVELOPMENT_WARNING, type Prover } from '../../native/index.js';
import { Orchestrator } from '../../orchestrator/index.js';
import { BUILT_IN_PROFILES, type Profile } from '../../proto/index.js';
import { BullmqJobQueue, RedisBlockBoard, RedisFleet, RedisHeart } from '../../queue/index.js';
import { BlockStore, openBlobStore, ProofStore } from '../../store/index.js';
import { type Engine, type EngineOptions, engineOf, openEngine } from '../run/engine.js';
import { openVerifier } from '../run/open-verifier.js';
import { BlockLog } from './block-log.js';
import { Closing } from './closing.js';
import type { ClusterAddress } from './cluster-address.js';
import type { ProcessLog } from './process-log.js';
import { sessionId } from './worker-machine.js';

export interface RunOrchestratorOptions {
  readonly address: ClusterAddress;
  readonly engine: EngineOptions;
  /** Name of the machine, which the orchestrator's id begins with. */
  readonly machine: string;
  /** Says which class each circuit is of. undefined: those of the built-in profiles. */
  readonly profile: Profile | undefined;
  readonly keepProofs: boolean;
  readonly log: ProcessLog;
  /** Aborting it ends the orchestrator. */
  readonly signal: AbortSignal;
}

/**
 * Drives blocks of a cluster until `signal` aborts; then gives them back, for another orchestrator to claim at once, and
 * resolves. `prover` takes the place of the one in the options.
 */
export async function runOrchestrator(
  options: RunOrchestratorOptions,
  { prover }: { prover?: Prover } = {},
): Promise<void> {
  const { log, signal } = options;
  const closing = new Closing();
  try {
    const engineOptions = { ...options.engine, signal };
    const engine = closing.add(
      await (prover === undefined ? verifyingEngine(engineOptions) : engineOf(prover, loadCircuits(), engineOptions)),
      (it) => it.stop(),
    );
    await drive(engine, options, closing);
    await aborted(signal);
    log.write('plain', 'stopping: giving back blocks', { kind: 'stopping' });
  } catch (thrown) {
    // Stopped before it had begun: there is nothing to give back.
    if (!signal.aborted || EspalierError.from(thrown).code !== 'cancelled') throw thrown;
  } finally {
    await closing.close();
  }
  log.write('plain', 'ended', { kind: 'ended' });
}

/**
 * An orchestrator only verifies, and where the SRS is named that takes a few of its points. Where the machine is to
 * choose, it chooses as a worker would, who must come to the same.
 */
function verifyingEngine(options: EngineOptions): Promise<Engine> {
  const { srs, prover, onWarning } = options;
  if (prover.kind !== 'native' || (srs !== 'canonical' && srs !== 'development')) return openEngine(options);
  // Whoever only checks a proof need not be told; this one is here to have them made.
  if (srs === 'development') onWarning(DEVELOPMENT_WARNING);
  return openVerifier(options);
}

async function drive(
  engine: Engine,
  { address, machine, profile = BUILT_IN_PROFILES.production, keepProofs, log }: RunOrchestratorOptions,
  closing: Closing,
): Promise<void> {
  const { redisUrl: url, storeUrl, namespace } = address;
  const onTrouble = log.trouble;
  const orchestratorId = sessionId(machine);
  const store = closing.add(await openBlobStore(storeUrl, { redisUrl: url, namespace, onTrouble }), async (it) =>
    it.close(),
  );
  const heart = closing.add(await RedisHeart.start({ url, namespace, onTrouble }), (it) => it.close());
  const board = closing.add(await RedisBlockBoard.open({ url, namespace, onTrouble }), (it) => it.close());
  const fleet = closing.add(await RedisFleet.open({ url, namespace, onTrouble }), (it) => it.close());
  const system = proofSystemId(engine.prover.identity, engine.keys);
  const queue = closing.add(
    await BullmqJobQueue.open({ url, namespace, heart, producerId: orchestratorId, system, onTrouble }),
    (it) => it.close(),
  );
  const owner = closing.add(await board.owner(orchestratorId, heart, engine.prover.identity.srs), (it) => it.close());
  const blockLog = new BlockLog(log, systemClock);
  const orchestrator = new Orchestrator({
    owner,
    board,
    queue: queue.producer,
    fleet,
    proofs: new ProofStore(store.blobs),
    blocks: new BlockStore(store.blobs),
    tools: engine,
    profile,
    keepProofs,
    onEvent: (blockId, event) => blockLog.onEvent(blockId, event),
    onFault: (error) => onTrouble(error.toLine()),
  });
  logStart(orchestratorId, engine, { redis: redactRedisUrl(url), store: store.shown, namespace }, log);
  queue.startWatch();
  orchestrator.start();
  closing.add(orchestrator, (it) => it.stop());
}

function logStart(
  orchestratorId: string,
  { prover }: Engine,
  place: { readonly redis: string; readonly store: string; readonly namespace: string },
  log: ProcessLog,
): void {
  const { version, srs } = prover.identity;
  const proofs = srs === 'none' ? 'simulated proofs' : `proofs of bb ${version} with the ${srs} SRS`;
  log.write(
    'good',
    `orchestrator ${orchestratorId} takes blocks, for ${proofs}; ` +
      `${place.redis}, namespace ${place.namespace}, store ${place.store}`,
    { kind: 'ready', orchestratorId, ...place, prover: prover.identity },
  );
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}
