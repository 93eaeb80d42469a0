import { setTimeout as delay } from 'node:timers/promises';
import { type Abi, type CircuitSet, checkInputs, type KeySet, publicInputsOf } from '../circuits/index.js';
import { type Clock, EspalierError } from '../common/index.js';
import type { ProveResult, Prover } from '../native/index.js';
import {
  type CompiledCircuit,
  type Job,
  type JobLease,
  LIMITS,
  type Profile,
  type ProofRecord,
  type ProofSummary,
  type VerificationKey,
} from '../proto/index.js';
import type { ProofStore } from '../store/index.js';
import { readInputs } from './child-proofs.js';
import type { Slot } from './slots.js';
import { orAborted, withinTime } from './time-limit.js';
import type { WitnessPool } from './witness-pool.js';

/** All that making a proof takes besides the job. */
export interface ProofTools {
  readonly store: Pick<ProofStore, 'getInputs' | 'getProof' | 'hasProof' | 'putProof'>;
  readonly circuits: CircuitSet;
  readonly keys: Pick<KeySet, 'key'>;
  readonly prover: Prover;
  /** null for a prover that needs no witness. */
  readonly witnesses: Pick<WitnessPool, 'solve'> | null;
  readonly profile: Profile;
  readonly clock: Clock;
  /** Waits before the store is tried again; rejects when `signal` aborts. Default: real time. Tests wait for nothing. */
  readonly wait?: (durationMs: number, signal: AbortSignal) => Promise<void>;
}

/** How often a finished proof is offered to a store that is unavailable, within about ten seconds. */
const STORE_TRIES_MAX = 8;
const STORE_PAUSE_MS_MIN = 100;
const STORE_PAUSE_MS_MAX = 5_000;

interface Program {
  readonly circuit: CompiledCircuit;
  readonly key: VerificationKey;
  readonly publicInputs: readonly string[];
}

/**
 * Makes the proof of a leased job: reads its inputs and child proofs, makes the witness, waits for cores and memory,
 * proves, verifies, stores. When it resolves the proof is verified and durable. A valid proof that an earlier attempt
 * stored, and died before it could say so, is taken as it is.
 *
 * Cores and memory are held while proving only: the next proof starts while this one is verified and stored.
 * `onGranted` is called when they are granted.
 * Rejects with the error to report; with anything at all once `signal` is aborted.
 */
export async function makeProof(
  lease: JobLease,
  slot: Slot,
  tools: ProofTools,
  signal: AbortSignal,
  onGranted: () => Promise<void>,
): Promise<ProofSummary> {
  const { job } = lease;
  const { prover, profile, clock } = tools;
  const startedAtMs = clock.nowMs();
  const lap = stopwatch(clock);

  const { program, inputs } = await prepare(job, tools);
  const stored = await findStored(job.id, program, tools);
  if (stored !== undefined) return summaryOf(stored);
  signal.throwIfAborted();
  const readMs = lap();

  const limitMs = profile.timeoutMs[job.resourceClass];
  const { witnesses } = tools;
  const witness =
    witnesses === null
      ? null
      : await withinTime(limitMs, signal, `making the witness of job ${job.id}`, (within) =>
          witnesses.solve(program.circuit, inputs, within),
        );
  const witnessMs = lap();

  const grant = await slot.acquire(signal);
  const queuedMs = lap();
  await onGranted();
  const { threads } = grant;
  const result = await withinTime(limitMs, signal, `proving job ${job.id}`, (within) =>
    prover.prove({ ...program, witness }, { threads, signal: within }),
  );
  grant.release();
  const proveMs = lap();

  // A worker that is stopping still stores what it has proven; a cancelled job leaves nothing behind.
  await withinTime(limitMs, lease.signal, `verifying the proof of job ${job.id}`, (within) =>
    orAborted(assertValid(job.id, program, result, prover), within),
  );
  const verifyMs = lap();

  const record: ProofRecord = {
    proof: result.proof.proof,
    publicInputs: result.proof.publicInputs,
    jobId: job.id,
    circuit: job.circuit,
    keyHash: program.key.hash,
    prover: prover.identity,
    workerId: lease.workerId,
    startedAtMs,
    finishedAtMs: clock.nowMs(),
    threads,
    usage: result.usage,
    timings: { queuedMs, witnessMs, proveMs, verifyMs, storeMs: readMs },
    attempts: lease.attempt,
    signature: null,
  };
  await storeProof(record, tools, signal);
  return summaryOf({ ...record, timings: { ...record.timings, storeMs: readMs + lap() } });
}

/**
 * Puts a proof, and again while the store is unavailable: it cost more to make than the wait does. Rejects with the
 * store's error when its tries are used up, or when `signal` aborts during a pause.
 */
async function storeProof(record: ProofRecord, tools: ProofTools, signal: AbortSignal): Promise<void> {
  const { store, wait = (durationMs, within) => delay(durationMs, undefined, { signal: within }) } = tools;
  for (let failures = 0; ; ) {
    try {
      return await store.putProof(record);
    } catch (thrown) {
      failures += 1;
      if (EspalierError.from(thrown).code !== 'store-unavailable' || failures >= STORE_TRIES_MAX) throw thrown;
      await wait(Math.min(STORE_PAUSE_MS_MAX, STORE_PAUSE_MS_MIN * 2 ** (failures - 1)), signal);
    }
  }
}

async function prepare(job: Job, { circuits, keys, store }: ProofTools) {
  const circuit = circuits.circuit(job.circuit);
  const key = keys.key(job.circuit);
  const abi = circuit.artifact.abi as Abi;
  const inputs = await readInputs(job, store, keys);
  checkInputs(abi, inputs);
  const program: Program = { circuit, key, publicInputs: publicInputsOf(abi, inputs) };
  return { program, inputs };
}

/** The proof that an earlier attempt stored, if it is the proof this one would make. */
async function findStored(jobId: string, program: Program, tools: ProofTools): Promise<ProofRecord | undefined> {
  const { store, prover } = tools;
  if (!(await store.hasProof(jobId))) return undefined;
  try {
    const record = await store.getProof(jobId);
    if (record === undefined || record.keyHash !== program.key.hash) return undefined;
    if (record.prover.srs !== prover.identity.srs || !sameInputs(record, program)) return undefined;
    return (await prover.verify({ ...program, proof: record })) ? record : undefined;
  } catch (thrown) {
    // Written over by the proof that is made now.
    if (EspalierError.from(thrown).code === 'store-corrupt') return undefined;
    throw thrown;
  }
}

/** Throws `proof-invalid` unless the proof is of bounded size, exposes what it should, and verifies. */
async function assertValid(jobId: string, program: Program, { proof }: ProveResult, prover: Prover): Promise<void> {
  const invalid = (what: string) => new EspalierError('proof-invalid', `job ${jobId}: the proof made for it ${what}`);
  const size = proof.proof.byteLength;
  if (size > LIMITS.proofBytesMax) throw invalid(`has ${size} bytes, more than ${LIMITS.proofBytesMax}`);
  if (!sameInputs(proof, program)) {
    throw invalid(`exposes [${proof.publicInputs.join(', ')}] and not [${program.publicInputs.join(', ')}]`);
  }
  if (!(await prover.verify({ ...program, proof }))) throw invalid(`does not verify with key ${program.key.hash}`);
}

function sameInputs(a: { publicInputs: readonly string[] }, b: { publicInputs: readonly string[] }): boolean {
  return a.publicInputs.length === b.publicInputs.length && a.publicInputs.every((v, i) => v === b.publicInputs[i]);
}

function summaryOf(record: ProofRecord): ProofSummary {
  const { proof: _proof, publicInputs: _publicInputs, ...summary } = record;
  return summary;
}

/** A function that tells the milliseconds since it was last called. */
function stopwatch(clock: Clock): () => number {
  let last = clock.monotonicMs();
  return () => {
    const now = clock.monotonicMs();
    const lap = now - last;
    last = now;
    return lap;
  };
}
