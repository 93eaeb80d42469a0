import type { KeyObject } from 'node:crypto';
import { probeMachine } from '../../native/index.js';
import {
  chooseProfile,
  type MachineResources,
  type Profile,
  publicKeyOf,
  type ResourceClass,
  requireMachine,
  type WorkerInfo,
} from '../../proto/index.js';
import type { FleetEntry, JobConsumer } from '../../queue/index.js';
import type { ProofStore } from '../../store/index.js';
import { loadWorkerKey, Worker } from '../../worker/index.js';
import { formatBytes, formatPlural } from '../format.js';
import type { Engine } from '../run/engine.js';
import type { Closing } from './closing.js';
import { type OrchestratorParts, placeText } from './orchestrator-parts.js';
import type { ProcessLog } from './process-log.js';
import { fittingClasses, offeredResources, type ResourceCaps, sessionId } from './worker-machine.js';

export interface WorkerMachineOptions {
  /** Name of the machine, which the worker's id begins with. */
  readonly machine: string;
  /** undefined: all of the profile's that fit. */
  readonly classes: readonly ResourceClass[] | undefined;
  /** undefined: chosen by the size of the machine. */
  readonly profile: Profile | undefined;
  readonly caps: ResourceCaps;
  /** Of its ed25519 key, which is made where it is missing. */
  readonly keyFile: string;
}

/** What a worker is, as long as it lives. */
export interface WorkerIdentity {
  readonly workerId: string;
  readonly key: KeyObject;
  readonly profile: Profile;
  readonly classes: readonly ResourceClass[];
  readonly resources: MachineResources;
}

/** What a worker works with, whatever is behind it. */
export interface WorkerParts {
  readonly consumer: JobConsumer;
  readonly proofs: ProofStore;
  /** Enters the worker where others see it. */
  readonly join: (info: WorkerInfo) => Promise<FleetEntry>;
  readonly place: OrchestratorParts['place'];
}

/** Rejects with `resources-insufficient` for a class that the machine is too small for, and where there is no key. */
export async function identifyWorker(options: WorkerMachineOptions): Promise<WorkerIdentity> {
  const { machine, profile, classes, caps, keyFile } = options;
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

/** Starts a worker and enters it into its fleet, which it leaves with `closing`. Who calls has it end before that. */
export async function startWorker(
  identity: WorkerIdentity,
  engine: Engine,
  parts: WorkerParts,
  { log, onDrain }: { readonly log: ProcessLog; readonly onDrain: (reason: string) => void },
  closing: Closing,
): Promise<Worker> {
  const { workerId, key, profile, classes, resources } = identity;
  const worker = new Worker({
    consumer: parts.consumer,
    store: parts.proofs,
    sharedStore: true,
    circuits: engine.circuits,
    keys: engine.keys,
    prover: engine.prover,
    profile,
    machine: resources,
    classes,
    key,
    onFault: (error) => log.trouble(error.toLine()),
  });
  const startedAtMs = Date.now();
  const info = (): WorkerInfo => ({
    workerId,
    resources,
    classes,
    profile: profile.name,
    prover: engine.prover.identity,
    publicKey: publicKeyOf(key),
    startedAtMs,
    slots: worker.capacity,
    ...worker.status(),
  });
  const entry = closing.add(await parts.join(info()), (it) => it.close());
  let wasRunning = 0;
  worker.onChange(({ running }) => {
    entry.update(info());
    if (running === 0 && wasRunning > 0) log.write('plain', null, { kind: 'idle', workerId });
    wasRunning = running;
  });
  entry.onDrain(onDrain);
  logStart(identity, engine, parts.place, log);
  worker.start();
  return worker;
}

function logStart(
  { workerId, key, profile, classes, resources }: WorkerIdentity,
  { prover }: Engine,
  place: OrchestratorParts['place'],
  log: ProcessLog,
): void {
  const { kind, version, srs } = prover.identity;
  const offer = `${formatPlural(resources.cores, 'core')} and ${formatBytes(resources.memoryBytes)} for ${classes.join(', ')}`;
  const proving = srs === 'none' ? `${kind} prover` : `${kind} prover ${version}, ${srs} SRS`;
  log.write(
    'good',
    `worker ${workerId} takes jobs: ${offer} (profile ${profile.name}); ${proving}; ` +
      `${placeText(place)}; key ${publicKeyOf(key)}`,
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
