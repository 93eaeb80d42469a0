import { type Abi, type CircuitSet, checkInputs, type KeySet, publicInputsOf } from '../circuits/index.js';
import { type Clock, EspalierError } from '../common/index.js';
import type { ProveResult, Prover } from '../native/index.js';
import {
  type AttemptTimings,
  type CompiledCircuit,
  type Job,
  type JobLease,
  type Profile,
  type ProofRecord,
  samePublicInputs,
  type VerificationKey,
} from '../proto/index.js';
import type { ProofStore } from '../store/index.js';
import { readInputs } from './child-proofs.js';
import { realWait, retry, type Wait } from './retry.js';
import type { Slot } from './slots.js';
import { stopwatch, withinTime } from './time-limit.js';
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
  /** Others delete from the store too: a full one gets room again, and is waited for. Default: nobody does. */
  readonly sharedStore?: boolean;
  /** Waits before store or queue are tried again. Default: real time. Tests wait for nothing. */
  readonly wait?: Wait;
}

/** How often a store that is unavailable is asked again, within about a minute. */
export const STORE_TRIES_MAX = 18;

export interface Program {
  readonly circuit: CompiledCircuit;
  readonly key: VerificationKey;
  /** What the proof must expose. */
  readonly publicInputs: readonly string[];
}

/** A proof that nobody has checked yet, and how it was made. */
export interface UncheckedProof {
  readonly program: Program;
  readonly result: ProveResult;
  readonly startedAtMs: number;
  readonly threads: number;
  readonly timings: Omit<AttemptTimings, 'verifyMs'>;
}

/** `found`: the valid proof of an earlier attempt, which died before it could say so. */
export type MadeProof = { readonly found: ProofRecord } | { readonly made: UncheckedProof };

/**
 * Makes the proof of a leased job: reads its inputs and child proofs, makes the witness, waits for cores and memory,
 * proves. A valid proof that is in the store already is taken as it is.
 *
 * Cores and memory are held while proving only: `onGranted` is called when they are granted, and they are free again
 * when this settles. Reading is tried again while the store is unavailable.
 * Rejects with the error to report; with anything at all once `signal` is aborted.
 */
export async function makeProof(
  { job }: JobLease,
  slot: Slot,
  tools: ProofTools,
  signal: AbortSignal,
  onGranted: () => void,
): Promise<MadeProof> {
  const { prover, profile, clock, witnesses, wait = realWait } = tools;
  const startedAtMs = clock.nowMs();
  const lap = stopwatch(clock);

  const reading = { codes: ['store-unavailable'], triesMax: STORE_TRIES_MAX, signals: [signal], wait } as const;
  const { program, inputs } = await retry(() => prepare(job, tools), reading);
  const found = await retry(() => findStored(job.id, program, tools), reading);
  if (found !== undefined) return { found };
  signal.throwIfAborted();
  const storeMs = lap();

  const limitMs = profile.timeoutMs[job.resourceClass];
  const witness =
    witnesses === null
      ? null
      : await withinTime(limitMs, [signal], `making the witness of job ${job.id}`, (within) =>
          witnesses.solve(program.circuit, inputs, within),
        );
  const witnessMs = lap();

  const grant = await slot.acquire(signal);
  try {
    const queuedMs = lap();
    onGranted();
    const { threads } = grant;
    const result = await withinTime(limitMs, [signal], `proving job ${job.id}`, (within) =>
      prover.prove({ ...program, witness }, { threads, signal: within }),
    );
    return {
      made: { program, result, startedAtMs, threads, timings: { queuedMs, witnessMs, proveMs: lap(), storeMs } },
    };
  } finally {
    grant.release();
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
    if (record.prover.srs !== prover.identity.srs || !samePublicInputs(record, program)) return undefined;
    return (await prover.verify({ ...program, proof: record })) ? record : undefined;
  } catch (thrown) {
    // Written over by the proof that is made now.
    if (EspalierError.from(thrown).code === 'store-corrupt') return undefined;
    throw thrown;
  }
}
