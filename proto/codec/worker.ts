import { RESOURCE_CLASSES } from '../circuit.js';
import type { WorkerInfo } from '../cluster.js';
import * as wire from '../wire.js';
import { countsFromWire } from './block.js';
import { answer, reversed, wholeMs } from './check.js';
import { proverFromWire, proverToWire } from './proof.js';

const STATES: Readonly<Record<WorkerInfo['state'], wire.WorkerState>> = {
  working: wire.WorkerState.WORKING,
  draining: wire.WorkerState.DRAINING,
};
const STATE_NAMES = reversed(STATES);

export function workerToWire({ resources, ...worker }: WorkerInfo): wire.Worker {
  return {
    workerId: worker.workerId,
    state: STATES[worker.state],
    classes: [...worker.classes],
    cores: resources.cores,
    memoryBytes: resources.memoryBytes,
    gpus: resources.gpus,
    running: worker.running,
    idle: { ...worker.idle },
    prover: proverToWire(worker.prover),
    profile: worker.profile,
    publicKey: Buffer.from(worker.publicKey, 'hex'),
    startedAtMs: wholeMs(worker.startedAtMs),
    provingSinceMs: (worker.provingSinceMs ?? []).map(wholeMs),
    idleSinceMs: wholeMs(worker.idleSinceMs ?? 0),
  };
}

/** Throws `internal` for what cannot be a worker. */
export function workerFromWire(worker: wire.Worker): WorkerInfo {
  const place = `worker ${worker.workerId.slice(0, 100)}:`;
  return {
    workerId: worker.workerId,
    resources: {
      cores: answer.amount(worker.cores, `${place} its cores`),
      memoryBytes: answer.amount(worker.memoryBytes, `${place} its memory`),
      gpus: worker.gpus,
    },
    classes: worker.classes.map((name) => answer.oneOf(name, RESOURCE_CLASSES, `${place} a class`)),
    profile: worker.profile,
    prover: proverFromWire(worker.prover),
    publicKey: worker.publicKey.toString('hex'),
    startedAtMs: worker.startedAtMs,
    state: answer.named(worker.state, STATE_NAMES, `${place} its state`),
    running: worker.running,
    idle: countsFromWire(worker.idle, `${place} a class`),
    ...(worker.provingSinceMs.length === 0 ? {} : { provingSinceMs: worker.provingSinceMs }),
    ...(worker.idleSinceMs === 0 ? {} : { idleSinceMs: worker.idleSinceMs }),
  };
}
