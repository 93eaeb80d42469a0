import { loadCircuits, proofSystemId } from '../../circuits/index.js';
import { EspalierError } from '../../common/index.js';
import { DEVELOPMENT_WARNING, type Prover } from '../../native/index.js';
import { checkApi } from '../../orchestrator/index.js';
import { BUILT_IN_PROFILES, type Profile } from '../../proto/index.js';
import { type Engine, type EngineOptions, engineOf, openEngine } from '../run/engine.js';
import { openVerifier } from '../run/open-verifier.js';
import { type Monitoring, type MonitoringPlan, startMonitoring } from '../telemetry/monitoring.js';
import { Closing } from './closing.js';
import type { ClusterAddress } from './cluster-address.js';
import { driveBlocks } from './drive-blocks.js';
import { openClusterParts } from './open-cluster-parts.js';
import { askParts, ORCHESTRATOR_AWAITS } from './orchestrator-readiness.js';
import type { ProcessLog } from './process-log.js';
import { type ApiPlan, serveApi } from './serve-api.js';
import { type ScalerPlan, serveScaler } from './serve-scaler.js';
import { sessionId } from './worker-machine.js';

export interface RunOrchestratorOptions {
  readonly address: ClusterAddress;
  readonly engine: EngineOptions;
  /** Name of the machine, which the orchestrator's id begins with. */
  readonly machine: string;
  /** Says which class each circuit is of. undefined: those of the built-in profiles. */
  readonly profile: Profile | undefined;
  readonly keepProofs: boolean;
  readonly api: ApiPlan;
  readonly scaler: ScalerPlan;
  readonly monitoring: MonitoringPlan;
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
  await untilStopped(options, 'stopping: giving back blocks', async (closing) => {
    if (options.api !== undefined) await checkApi(options.api);
    const { log, signal } = options;
    const orchestratorId = sessionId(options.machine);
    const monitoring = await startMonitoring(
      {
        ...{ plan: options.monitoring, process: 'orchestrator', instanceId: orchestratorId },
        ...{ awaited: ORCHESTRATOR_AWAITS, log, signal },
      },
      closing,
    );
    const engineOptions = { ...options.engine, signal };
    const engine = closing.add(
      await (prover === undefined ? verifyingEngine(engineOptions) : engineOf(prover, loadCircuits(), engineOptions)),
      (it) => it.stop(),
    );
    monitoring.readiness.met('verifier');
    await drive(engine, { ...options, orchestratorId, monitoring }, closing);
  });
}

/** Starts something, and closes all of it when `signal` aborts, whether or not it had started. `stopping` is logged then. */
export async function untilStopped(
  { log, signal }: Pick<RunOrchestratorOptions, 'log' | 'signal'>,
  stopping: string,
  start: (closing: Closing) => Promise<void>,
): Promise<void> {
  const closing = new Closing();
  try {
    await start(closing);
    await aborted(signal);
    log.write('plain', stopping, { kind: 'stopping' });
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
  options: Omit<RunOrchestratorOptions, 'monitoring'> & {
    readonly orchestratorId: string;
    readonly monitoring: Monitoring;
  },
  closing: Closing,
): Promise<void> {
  const { address, orchestratorId, profile = BUILT_IN_PROFILES.production } = options;
  const { keepProofs, api, scaler, log, monitoring } = options;
  const { identity } = engine.prover;
  const parts = await openClusterParts(
    address,
    {
      orchestratorId,
      system: proofSystemId(identity, engine.keys),
      srs: identity.srs,
      onTrouble: log.trouble,
      monitoring,
    },
    closing,
  );
  monitoring.watchPulse(parts.heart);
  askParts(monitoring.readiness, parts);
  parts.startWatch();
  driveBlocks(parts, { engine, profile, keepProofs, log, monitoring }, closing);
  await serveApi(parts, { plan: api, hasher: engine.hasher, log }, closing);
  await serveScaler(parts, { plan: scaler, profile, log, monitoring }, closing);
  monitoring.readiness.met('api');
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}
