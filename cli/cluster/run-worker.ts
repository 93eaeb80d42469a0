import { loadCircuits, proofSystemId } from '../../circuits/index.js';
import { EspalierError, redactRedisUrl } from '../../common/index.js';
import type { Prover } from '../../native/index.js';
import type { WorkerInfo } from '../../proto/index.js';
import { BullmqJobQueue, RedisFleet, RedisHeart } from '../../queue/index.js';
import { openBlobStore, ProofStore } from '../../store/index.js';
import type { Worker } from '../../worker/index.js';
import type { CliContext } from '../context.js';
import { formatDuration, formatPlural } from '../format.js';
import { type Engine, type EngineOptions, engineOf, openEngine } from '../run/engine.js';
import { type Monitoring, type MonitoringPlan, startMonitoring } from '../telemetry/monitoring.js';
import { Closing } from './closing.js';
import type { ClusterAddress } from './cluster-address.js';
import { LoggedConsumer } from './logged-consumer.js';
import { mixedFleetMessage } from './mixed-fleet-message.js';
import type { ProcessLog } from './process-log.js';
import {
  identifyWorker,
  startWorker,
  type WorkerIdentity,
  type WorkerMachineOptions,
  type WorkerParts,
} from './start-worker.js';
import { type EndKind, WorkerEnd } from './worker-end.js';

export interface RunWorkerOptions extends WorkerMachineOptions {
  readonly address: ClusterAddress;
  readonly engine: EngineOptions;
  readonly monitoring: MonitoringPlan;
  /** How long proofs may go on once the worker drains. */
  readonly graceMs: number;
  readonly log: ProcessLog;
  /** Aborting it drains the worker. */
  readonly signal: AbortSignal;
  readonly takeOverSignals: CliContext['takeOverSignals'];
}

/**
 * Proves jobs of a cluster until it is told to end (`WorkerEnd`), and resolves when every job is proven or given back.
 * The prover, its SRS and the key are tried before any job is taken; `prover` takes the place of the one in the options.
 */
export async function runWorker(options: RunWorkerOptions, { prover }: { prover?: Prover } = {}): Promise<void> {
  const { log, signal } = options;
  const end = new WorkerEnd();
  const giveBackSignals = options.takeOverSignals((name) => end.onSignal(name));
  const drain = () => end.request('drain', EspalierError.from(signal.reason).message);
  signal.addEventListener('abort', drain, { once: true });
  if (signal.aborted) drain();
  const closing = new Closing();
  try {
    const identity = await identifyWorker(options);
    const monitoring = await startMonitoring(
      {
        ...{ plan: options.monitoring, process: 'worker', instanceId: identity.workerId },
        ...{ awaited: AWAITED, log },
      },
      closing,
    );
    const engineOptions = { ...options.engine, signal: end.signal };
    const engine = closing.add(
      await (prover === undefined ? openEngine(engineOptions) : engineOf(prover, loadCircuits(), engineOptions)),
      (it) => it.stop(),
    );
    end.signal.throwIfAborted();
    monitoring.readiness.met('prover');
    await work(identity, { ...options, engine, monitoring, end }, closing);
  } catch (thrown) {
    // Stopped before it had begun: there is nothing to give back.
    if (!end.signal.aborted || EspalierError.from(thrown).code !== 'cancelled') throw thrown;
  } finally {
    await closing.close();
    signal.removeEventListener('abort', drain);
    giveBackSignals();
  }
  log.write('plain', 'ended', { kind: 'ended' });
}

const AWAITED = {
  prover: 'prover and SRS are being tried',
  queue: 'there is no connection yet',
  store: 'it is not open yet',
  jobs: 'none are taken yet',
};

interface Work extends Omit<RunWorkerOptions, 'engine' | 'monitoring'> {
  readonly engine: Engine;
  readonly monitoring: Monitoring;
  readonly end: WorkerEnd;
}

async function work(identity: WorkerIdentity, options: Work, closing: Closing): Promise<void> {
  const { address, engine, log, monitoring, end } = options;
  const { readiness } = monitoring;
  const { workerId } = identity;
  const { redisUrl: url, storeUrl, namespace } = address;
  const onTrouble = log.trouble;
  const store = closing.add(await openBlobStore(storeUrl, { redisUrl: url, namespace, onTrouble }), async (it) =>
    it.close(),
  );
  const blobs = monitoring.timed(store.blobs);
  readiness.ask('store', () => blobs.has(NO_BLOB));
  const heart = closing.add(await RedisHeart.start({ url, namespace, onTrouble }), (it) => it.close());
  monitoring.watchPulse(heart);
  heart.onLapse(() =>
    onTrouble('this machine was out of touch for so long that its jobs may be proven elsewhere by now'),
  );
  const system = proofSystemId(engine.prover.identity, engine.keys);
  const queue = closing.add(
    await BullmqJobQueue.open({ url, namespace, heart, producerId: workerId, system, onTrouble }),
    (it) => it.close(),
  );
  const fleet = closing.add(await RedisFleet.open({ url, namespace, onTrouble }), (it) => it.close());
  readiness.ask('queue', () => fleet.ping());
  const parts: WorkerParts = {
    consumer: new LoggedConsumer(monitoring.observed(queue.consumer(workerId)), log),
    proofs: new ProofStore(blobs),
    join: async (info) => {
      warnOfOthers(await fleet.list(), info, log);
      return fleet.join(info);
    },
    place: { redis: redactRedisUrl(url), store: store.shown, namespace },
  };
  const onDrain = (reason: string) => end.request('drain', reason);
  const worker = await startWorker(identity, engine, parts, { log, onDrain }, closing);
  readiness.met('jobs');
  await untilEnded(worker, options);
}

/** Nothing is kept under it. */
const NO_BLOB = 'none';

/** Told to end it drains; told more urgently it gives back what it has. */
async function untilEnded(worker: Worker, { end, graceMs, log, monitoring }: Work): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    end.onStep((kind, reason) => {
      monitoring.readiness.drain(reason);
      const { running } = worker.status();
      log.write('plain', `${STEPS[kind](formatPlural(running, 'job'), graceMs)}: ${reason}`, {
        kind,
        reason,
        running,
      });
      (kind === 'drain' ? worker.drain(graceMs) : worker.stop()).then(resolve, reject);
    });
  });
}

const STEPS: Readonly<Record<EndKind, (jobs: string, graceMs: number) => string>> = {
  drain: (jobs, graceMs) => `draining within ${formatDuration(graceMs)}, with ${jobs}`,
  'give-back': (jobs) => `giving back ${jobs}`,
};

/** Legitimate while a fleet is being changed; else a mistake that shows only in jobs that wait. */
function warnOfOthers(others: readonly WorkerInfo[], own: WorkerInfo, log: ProcessLog): void {
  const message = mixedFleetMessage(others, own);
  if (message !== null) log.warn('mixed-fleet', message);
}
