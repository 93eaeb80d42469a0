import type { KeyObject } from 'node:crypto';
import { loadCircuits, proofSystemId } from '../../circuits/index.js';
import { EspalierError, redactRedisUrl } from '../../common/index.js';
import { type Prover, probeMachine } from '../../native/index.js';
import {
  chooseProfile,
  type MachineResources,
  type Profile,
  publicKeyOf,
  type ResourceClass,
  requireMachine,
  type WorkerInfo,
} from '../../proto/index.js';
import { BullmqJobQueue, RedisFleet, RedisHeart } from '../../queue/index.js';
import { openBlobStore, ProofStore } from '../../store/index.js';
import { loadWorkerKey, Worker } from '../../worker/index.js';
import type { CliContext } from '../context.js';
import { formatBytes, formatDuration, formatPlural } from '../format.js';
import { type Engine, type EngineOptions, engineOf, openEngine } from '../run/engine.js';
import { Closing } from './closing.js';
import type { ClusterAddress } from './cluster-address.js';
import { LoggedConsumer } from './logged-consumer.js';
import { mixedFleetMessage } from './mixed-fleet-message.js';
import type { ProcessLog } from './process-log.js';
import { type EndKind, WorkerEnd } from './worker-end.js';
import { fittingClasses, offeredResources, type ResourceCaps, sessionId } from './worker-machine.js';

export interface RunWorkerOptions {
  readonly address: ClusterAddress;
  readonly engine: EngineOptions;
  /** Name of the machine, which the worker's id begins with. */
  readonly machine: string;
  /** undefined: all of the profile's that fit. */
  readonly classes: readonly ResourceClass[] | undefined;
  /** undefined: chosen by the size of the machine. */
  readonly profile: Profile | undefined;
  readonly caps: ResourceCaps;
  /** How long proofs may go on once the worker drains. */
  readonly graceMs: number;
  /** Of its ed25519 key, which is made where it is missing. */
  readonly keyFile: string;
  readonly log: ProcessLog;
  /** Aborting it drains the worker. */
  readonly signal: AbortSignal;
  readonly takeOverSignals: CliContext['takeOverSignals'];
}

/** What a worker is, as long as it lives. */
interface Identity {
  readonly workerId: string;
  readonly key: KeyObject;
  readonly profile: Profile;
  readonly classes: readonly ResourceClass[];
  readonly resources: MachineResources;
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
    const identity = await identify(options);
    const engineOptions = { ...options.engine, signal: end.signal };
    const engine = closing.add(
      await (prover === undefined ? openEngine(engineOptions) : engineOf(prover, loadCircuits(), engineOptions)),
      (it) => it.stop(),
    );
    end.signal.throwIfAborted();
    await work(identity, engine, options, end, closing);
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

async function identify({ machine, profile, classes, caps, keyFile }: RunWorkerOptions): Promise<Identity> {
  const { cores, memoryBytes, gpus } = await probeMachine();
  const resources = offeredResources({ cores, memoryBytes, gpus: gpus.length }, caps);
  const itsProfile = profile ?? chooseProfile(resources);
  const itsClasses = classes ?? fittingClasses(itsProfile, resources);
  requireMachine(itsProfile, resources, itsClasses);
  return {
    workerId: sessionId(machine),
    key: await loadWorkerKey(keyFile),
    profile: itsProfile,
    classes: itsClasses,
    resources,
  };
}

async function work(
  identity: Identity,
  engine: Engine,
  { address, log, graceMs }: RunWorkerOptions,
  end: WorkerEnd,
  closing: Closing,
): Promise<void> {
  const { workerId, key, profile, classes, resources } = identity;
  const { redisUrl: url, storeUrl, namespace } = address;
  const onTrouble = log.trouble;
  const store = closing.add(await openBlobStore(storeUrl, { redisUrl: url, namespace, onTrouble }), async (it) =>
    it.close(),
  );
  const heart = closing.add(await RedisHeart.start({ url, namespace, onTrouble }), (it) => it.close());
  heart.onLapse(() =>
    onTrouble('this machine was out of touch for so long that its jobs may be proven elsewhere by now'),
  );
  const system = proofSystemId(engine.prover.identity, engine.keys);
  const queue = closing.add(
    await BullmqJobQueue.open({ url, namespace, heart, producerId: workerId, system, onTrouble }),
    (it) => it.close(),
  );
  const fleet = closing.add(await RedisFleet.open({ url, namespace, onTrouble }), (it) => it.close());
  const worker = new Worker({
    consumer: new LoggedConsumer(queue.consumer(workerId), log),
    store: new ProofStore(store.blobs),
    sharedStore: true,
    circuits: engine.circuits,
    keys: engine.keys,
    prover: engine.prover,
    profile,
    machine: resources,
    classes,
    key,
    onFault: (error) => onTrouble(error.toLine()),
  });
  const info = (): WorkerInfo => ({
    workerId,
    resources,
    classes,
    profile: profile.name,
    prover: engine.prover.identity,
    publicKey: publicKeyOf(key),
    startedAtMs,
    ...worker.status(),
  });
  const startedAtMs = Date.now();
  warnOfOthers(await fleet.list(), info(), log);
  const entry = closing.add(await fleet.join(info()), (it) => it.close());
  let wasRunning = 0;
  worker.onChange(({ running }) => {
    entry.update(info());
    if (running === 0 && wasRunning > 0) log.write('plain', null, { kind: 'idle', workerId });
    wasRunning = running;
  });
  entry.onDrain((reason) => end.request('drain', reason));
  logStart(identity, engine, { redis: redactRedisUrl(url), store: store.shown, namespace }, log);
  worker.start();
  await untilEnded(worker, end, graceMs, log);
}

/** Told to end it drains; told more urgently it gives back what it has. */
async function untilEnded(worker: Worker, end: WorkerEnd, graceMs: number, log: ProcessLog): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    end.onStep((kind, reason) => {
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

function logStart(
  { workerId, key, profile, classes, resources }: Identity,
  { prover }: Engine,
  place: { readonly redis: string; readonly store: string; readonly namespace: string },
  log: ProcessLog,
): void {
  const { kind, version, srs } = prover.identity;
  const offer = `${formatPlural(resources.cores, 'core')} and ${formatBytes(resources.memoryBytes)} for ${classes.join(', ')}`;
  const proving = srs === 'none' ? `${kind} prover` : `${kind} prover ${version}, ${srs} SRS`;
  log.write(
    'good',
    `worker ${workerId} takes jobs: ${offer} (profile ${profile.name}); ${proving}; ` +
      `${place.redis}, namespace ${place.namespace}, store ${place.store}; key ${publicKeyOf(key)}`,
    {
      kind: 'ready',
      workerId,
      ...place,
      resources,
      classes,
      profile: profile.name,
      prover: prover.identity,
      publicKey: publicKeyOf(key),
    },
  );
}
