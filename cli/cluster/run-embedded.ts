import { EspalierError } from '../../common/index.js';
import { checkApi } from '../../orchestrator/index.js';
import type { Worker } from '../../worker/index.js';
import { formatPlural } from '../format.js';
import { type Engine, type EngineOptions, openEngine } from '../run/engine.js';
import { type MonitoringPlan, startMonitoring } from '../telemetry/monitoring.js';
import { Closing } from './closing.js';
import { driveBlocks } from './drive-blocks.js';
import { type EmbeddedParts, openEmbeddedParts } from './open-embedded-parts.js';
import { askParts, ORCHESTRATOR_AWAITS } from './orchestrator-readiness.js';
import type { ProcessLog } from './process-log.js';
import { untilStopped } from './run-orchestrator.js';
import { type ApiPlan, serveApi } from './serve-api.js';
import { type ScalerPlan, serveScaler } from './serve-scaler.js';
import { identifyWorker, startWorker, type WorkerIdentity, type WorkerMachineOptions } from './start-worker.js';
import { sessionId } from './worker-machine.js';

export interface RunEmbeddedOptions extends WorkerMachineOptions {
  /** What is to outlive the process is kept in it. */
  readonly folder: string;
  readonly engine: EngineOptions;
  readonly keepProofs: boolean;
  readonly api: ApiPlan;
  readonly scaler: ScalerPlan;
  readonly monitoring: MonitoringPlan;
  readonly log: ProcessLog;
  /** Aborting it ends the process. */
  readonly signal: AbortSignal;
}

/** So long a worker that is to drain may go on with the proofs that it makes: no machine goes away under it. */
const DRAIN_GRACE_MS = 3_600_000;

/**
 * Drives and proves blocks in this process, with no Redis, until `signal` aborts. What was not proven by then is in the
 * folder, for the next process to go on with: open blocks, and every finished proof.
 */
export async function runEmbedded(options: RunEmbeddedOptions): Promise<void> {
  const { folder, machine, log, signal } = options;
  await untilStopped({ log, signal }, 'stopping: open blocks and finished proofs are kept', async (closing) => {
    if (options.api !== undefined) await checkApi(options.api);
    const identity = await identifyWorker(options);
    const awaited = { ...ORCHESTRATOR_AWAITS, jobs: 'none are taken yet' };
    const orchestratorId = sessionId(machine);
    const monitoring = await startMonitoring(
      {
        ...{ plan: options.monitoring, process: 'orchestrator', instanceId: orchestratorId },
        ...{ awaited, log, signal },
      },
      closing,
    );
    const { readiness } = monitoring;
    const engine = closing.add(await openEngine({ ...options.engine, signal }), (it) => it.stop());
    signal.throwIfAborted();
    const { srs } = engine.prover.identity;
    const parts = await openEmbeddedParts(folder, { orchestratorId, srs, onTrouble: log.trouble, monitoring }, closing);
    readiness.met('verifier');
    askParts(readiness, parts);
    const consumer = (workerId: string) => monitoring.observed(parts.consumer(workerId));
    await work(identity, engine, { ...parts, consumer }, log, closing);
    readiness.met('jobs');
    const { profile } = identity;
    driveBlocks(parts, { engine, profile, keepProofs: options.keepProofs, log, monitoring }, closing);
    await serveApi(parts, { plan: options.api, hasher: engine.hasher, log }, closing);
    await serveScaler(parts, { plan: options.scaler, profile: identity.profile, log, monitoring }, closing);
    readiness.met('api');
  });
}

/** A worker that drains leaves the fleet when it has; the orchestrator goes on, and says that there is none. */
async function work(
  identity: WorkerIdentity,
  engine: Engine,
  { consumer, proofs, fleet, place }: EmbeddedParts,
  log: ProcessLog,
  closing: Closing,
): Promise<void> {
  const { workerId } = identity;
  const entry = new Closing();
  closing.add(entry, (it) => it.close());
  const drain = async (reason: string) => {
    const { running } = worker.status();
    log.write('plain', `draining, with ${formatPlural(running, 'job')}: ${reason}`, { kind: 'drain', reason, running });
    await worker.drain(DRAIN_GRACE_MS);
    await entry.close();
    const message = 'the worker of this process has drained: nothing is proven until it is started again';
    log.write('warning', message, { kind: 'drained', workerId });
  };
  const worker: Worker = await startWorker(
    identity,
    engine,
    { consumer: consumer(workerId), proofs, join: async (info) => fleet.join(info), place },
    {
      log,
      onDrain: (reason) => {
        drain(reason).catch((thrown) => log.trouble(EspalierError.from(thrown).toLine()));
      },
    },
    entry,
  );
  closing.add(worker, (it) => it.stop());
}
