import { availableParallelism } from 'node:os';
import type { Barretenberg } from '@aztec/bb.js';
import { EspalierError } from '../../common/index.js';
import type { CompiledCircuit, ProverIdentity, ResourceUsage, VerificationKey } from '../../proto/index.js';
import type { CircuitSize, ProveOptions, ProveRequest, ProveResult, Prover, VerifyRequest } from '../prover.js';
import type { Srs } from '../srs/srs.js';
import { BarretenbergProcess } from './barretenberg-process.js';
import type { Launch } from './child-group.js';
import { ProcessPool } from './process-pool.js';
import { cpuMsOf, peakMemoryBytesOf, resetPeakMemory, residentBytesOf } from './process-usage.js';
import * as format from './proof-format.js';
import { requirePoints } from './srs-points.js';

/** Proofs one prover makes at once: a bound for the machine, far above what fits. */
const PROOFS_MAX = 64;
const IDLE_PROVERS_MAX = 2;
/** A verification takes 10 to 40 ms on one core. */
const VERIFIERS_MAX = 2;
/**
 * A `bb` that has proven a large circuit holds on to 0.5 to 1.5 GB, and the next proof in it peaks 10 % higher; a new
 * process costs 5 ms and reads its SRS in the noise (measured at 2^20 gates: 33 s of CPU time either way). So only
 * processes that stayed small are kept warm.
 */
const WARM_BYTES_MAX = 256 * 1024 * 1024;
const SIZES_CACHED_MAX = 64;

/** What a process is needed for. `points` of the SRS are loaded by those that cannot load more later. */
export interface ProcessNeed {
  readonly threads: number;
  readonly points: number;
}

/** What sets one binding of Barretenberg apart from another. */
export interface BarretenbergBinding {
  readonly identity: ProverIdentity;
  readonly srs: Srs;
  launch(need: ProcessNeed): Launch;
  /** Runs once in each new process. */
  prepare(api: Barretenberg, need: ProcessNeed): Promise<void>;
  serves(created: ProcessNeed, need: ProcessNeed): boolean;
}

/** Points a verifier takes: those of the pairing are pinned in the program, the first one it looks up. */
const VERIFIER_NEED: ProcessNeed = { threads: 1, points: 2 };

/** `Prover` over Barretenberg processes: a process of its own for each proof, and a few small ones that verify. */
export class BarretenbergProver implements Prover {
  readonly needsWitness = true;
  readonly #binding: BarretenbergBinding;
  readonly #provers: ProcessPool<ProcessNeed, BarretenbergProcess>;
  readonly #verifiers: ProcessPool<ProcessNeed, BarretenbergProcess>;
  /** Sizes by `bytecodeHash` and target: measuring a large circuit takes seconds, and a key asks for it again. */
  readonly #sizes = new Map<string, CircuitSize>();

  constructor(binding: BarretenbergBinding) {
    this.#binding = binding;
    this.#provers = createPool(binding, PROOFS_MAX, IDLE_PROVERS_MAX);
    this.#verifiers = createPool(binding, VERIFIERS_MAX, VERIFIERS_MAX);
  }

  get identity(): ProverIdentity {
    return this.#binding.identity;
  }

  async prove(request: ProveRequest, options: ProveOptions): Promise<ProveResult> {
    const { circuit, key, witness } = request;
    const { threads, signal } = options;
    const doing = `proving ${circuit.spec.name}`;
    if (witness === null) throw new EspalierError('inputs-malformed', `no witness for ${doing}`);
    const points = requirePoints(this.#binding.srs, circuit, format.dyadicGatesOfKey(circuit, key));
    const command = {
      circuit: { name: circuit.spec.name, bytecode: circuit.bytecode, verificationKey: key.bytes },
      witness,
      settings: format.settingsFor(circuit.spec.target),
    };
    const work = (process: BarretenbergProcess) =>
      measured(process, () => process.use(doing, (api) => api.circuitProve(command), signal));
    const [response, usage] = await this.#provers.use({ threads, points }, doing, work, signal);
    const publicInputs = response.publicInputs.map(format.fieldHex);
    format.assertPublicInputs(circuit.spec.name, publicInputs, request.publicInputs);
    return { proof: { proof: Buffer.concat(response.proof), publicInputs }, usage };
  }

  async verify({ circuit, key, proof }: VerifyRequest): Promise<boolean> {
    const fields = format.splitFields(proof.proof);
    const publicInputs = format.publicInputBytes(proof.publicInputs);
    if (fields === undefined || publicInputs === undefined) return false;
    const settings = format.settingsFor(circuit.spec.target);
    const command = { verificationKey: key.bytes, publicInputs, proof: fields, settings };
    const doing = `verifying a proof of ${circuit.spec.name}`;
    try {
      const work = (process: BarretenbergProcess) => process.use(doing, (api) => api.circuitVerify(command));
      return (await this.#verifiers.use(VERIFIER_NEED, doing, work)).verified;
    } catch (error) {
      // `bb` answers some malformed proofs and keys (a wrong number of public inputs) with a failed assertion.
      if (error instanceof EspalierError && error.code === 'prover-rejected') return false;
      throw error;
    }
  }

  async computeKey(circuit: CompiledCircuit): Promise<VerificationKey> {
    const { name, target } = circuit.spec;
    const points = requirePoints(this.#binding.srs, circuit, (await this.measure(circuit)).dyadicGates);
    const command = { circuit: { name, bytecode: circuit.bytecode }, settings: format.settingsFor(target) };
    const doing = `computing the verification key of ${name}`;
    const response = await this.#useAllCores(points, doing, (api) => api.circuitComputeVk(command));
    const fields = format.isEvm(target) ? [] : response.fields.map(format.fieldHex);
    return { bytes: Uint8Array.from(response.bytes), fields, hash: format.fieldHex(response.hash) };
  }

  async measure(circuit: CompiledCircuit): Promise<CircuitSize> {
    const { name, target } = circuit.spec;
    const cacheKey = `${circuit.bytecodeHash} ${target}`;
    const known = this.#sizes.get(cacheKey);
    if (known !== undefined) return known;
    const command = {
      circuit: { name, bytecode: circuit.bytecode, verificationKey: new Uint8Array(0) },
      includeGatesPerOpcode: false,
      settings: format.settingsFor(target),
    };
    const response = await this.#useAllCores(0, `measuring ${name}`, (api) => api.circuitStats(command));
    const size = { gates: response.numGates, dyadicGates: response.numGatesDyadic };
    if (this.#sizes.size >= SIZES_CACHED_MAX) this.#sizes.clear();
    this.#sizes.set(cacheKey, size);
    return size;
  }

  async stop(): Promise<void> {
    await Promise.all([this.#provers.stop(), this.#verifiers.stop()]);
  }

  #useAllCores<T>(points: number, doing: string, work: (api: Barretenberg) => Promise<T>): Promise<T> {
    const need = { threads: availableParallelism(), points };
    return this.#provers.use(need, doing, (process) => process.use(doing, work));
  }
}

function createPool(
  binding: BarretenbergBinding,
  lentMax: number,
  idleMax: number,
): ProcessPool<ProcessNeed, BarretenbergProcess> {
  return new ProcessPool({
    lentMax,
    idleMax,
    create: (need) => new BarretenbergProcess(binding.launch(need)),
    prepare: async (process, need, signal) => {
      await process.ready(signal);
      await process.use('loading the SRS', (api) => binding.prepare(api, need), signal);
    },
    serves: (created, need) => created.threads === need.threads && binding.serves(created, need),
    keeps: ({ pid }) => pid !== undefined && (residentBytesOf(pid) ?? 0) <= WARM_BYTES_MAX,
  });
}

/** What the work of a process cost. */
async function measured<T>({ pid = 0 }: BarretenbergProcess, work: () => Promise<T>): Promise<[T, ResourceUsage]> {
  const hasPeak = resetPeakMemory(pid);
  const cpuMsBefore = cpuMsOf(pid);
  const startedMs = performance.now();
  const result = await work();
  const wallMs = performance.now() - startedMs;
  const cpuMsAfter = cpuMsOf(pid);
  const cpuMs = cpuMsBefore === null || cpuMsAfter === null ? null : cpuMsAfter - cpuMsBefore;
  return [result, { wallMs, cpuMs, peakMemoryBytes: hasPeak ? peakMemoryBytesOf(pid) : null }];
}
