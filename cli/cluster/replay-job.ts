import { type Abi, checkInputs, publicInputsOf } from '../../circuits/index.js';
import { EspalierError } from '../../common/index.js';
import { probeMachine } from '../../native/index.js';
import { planTree } from '../../orchestrator/index.js';
import type { AbiInputs, BlockResult, ChildProof, Job, JobId } from '../../proto/index.js';
import { readInputs, WitnessPool } from '../../worker/index.js';
import { shortId } from '../api/render-blocks.js';
import { formatBytes, formatDuration, formatPlural } from '../format.js';
import { shortJobName } from '../progress/progress-view.js';
import { type Engine, type EngineOptions, openEngine } from '../run/engine.js';
import type { ClusterStore } from './open-store.js';

export interface ReplayOptions {
  readonly signal: AbortSignal;
  /** Hears of each step when it is done, with what is to be seen of it. */
  readonly onStep: (step: 'job' | 'inputs' | 'child' | 'witness' | 'proof' | 'verdict', text: string) => void;
}

/**
 * Proves a job that failed for good once more, here, from what was kept of it; nothing is stored. Rejects with the error
 * that it meets; resolves where the job can be proven here. Rejects with `usage` for a job of which nothing is kept.
 */
export async function replayJob(
  jobId: JobId,
  cluster: Pick<ClusterStore, 'blocks' | 'proofs'>,
  engineOptions: EngineOptions,
  options: ReplayOptions,
): Promise<void> {
  const result = await failedBlock(jobId, cluster);
  const job = await plannedJob(jobId, result, cluster);
  const why = result.error === null ? '' : ` failed with [${result.error.code}] ${result.error.message}`;
  options.onStep('job', `${shortJobName(jobId)} of block ${shortId(result.blockId)}${why}`);
  const engine = await openEngine({ ...engineOptions, signal: options.signal });
  try {
    await replay(job, cluster, engine, options);
  } finally {
    await engine.stop();
  }
}

async function replay(
  job: Job,
  { proofs }: Pick<ClusterStore, 'proofs'>,
  engine: Engine,
  { signal, onStep }: ReplayOptions,
): Promise<void> {
  const { circuits, keys, prover } = engine;
  const circuit = circuits.circuit(job.circuit);
  const kept = await proofs.getInputs(job.id);
  if (kept === undefined) throw nothingKept(job.id);
  onStep('inputs', inputsText(kept));
  for (const child of job.children) onStep('child', await childText(child, proofs, engine));
  const inputs = await readInputs(job, proofs, keys);
  const abi = circuit.artifact.abi as Abi;
  checkInputs(abi, inputs);
  const key = keys.key(job.circuit);
  const publicInputs = publicInputsOf(abi, inputs);

  const startedMs = performance.now();
  const witness = prover.needsWitness ? await makeWitness(engine, job, inputs, signal) : null;
  onStep(
    'witness',
    witness === null
      ? 'none: a simulated prover needs none, so that nothing is checked here'
      : `made in ${formatDuration(performance.now() - startedMs)}: the inputs satisfy ${job.circuit}`,
  );
  const threads = (await probeMachine()).cores;
  const { proof, usage } = await prover.prove({ circuit, key, publicInputs, witness }, { threads, signal });
  onStep(
    'proof',
    `made in ${formatDuration(usage.wallMs)} on ${formatPlural(threads, 'thread')}${memoryText(usage.peakMemoryBytes)}`,
  );
  const exposes = JSON.stringify(proof.publicInputs) === JSON.stringify(publicInputs);
  if (!exposes || !(await prover.verify({ circuit, key, proof }))) {
    throw new EspalierError('proof-invalid', `job ${job.id}: the proof made of it here does not verify`);
  }
  onStep('verdict', 'the job can be proven here: submit its block again, and look into the machines that it failed on');
}

/** The result of the block that failed at this job. */
async function failedBlock(jobId: JobId, { blocks }: Pick<ClusterStore, 'blocks'>): Promise<BlockResult> {
  for await (const result of blocks.listResults()) if (result.failedJob === jobId) return result;
  throw nothingKept(jobId);
}

/** The job as it was queued: which child proofs it takes follows from the block. */
async function plannedJob(
  jobId: JobId,
  { blockId, lineageSeed }: BlockResult,
  { blocks }: Pick<ClusterStore, 'blocks'>,
): Promise<Job> {
  if (lineageSeed === null) throw nothingKept(jobId);
  const outline = await blocks.getOutline(blockId);
  if (outline === undefined) throw nothingKept(jobId);
  const tree = planTree(outline, lineageSeed);
  const index = tree.indexOf(jobId);
  if (index < 0) throw nothingKept(jobId);
  // Here it is proven on this machine, whatever its class.
  return tree.job(index, blockId, () => 'rollup');
}

function nothingKept(jobId: JobId): EspalierError {
  return new EspalierError('usage', `nothing is kept of a job ${jobId}: no block failed at it`, {
    remedy: '`espalier status BLOCK` shows the job that a block failed at',
  });
}

function inputsText(inputs: AbiInputs): string {
  const names = Object.keys(inputs);
  return `${names.join(', ')}; ${formatBytes(Buffer.byteLength(JSON.stringify(inputs)))} as JSON`;
}

async function childText(
  { param, proofId }: ChildProof,
  proofs: ClusterStore['proofs'],
  { keys }: Engine,
): Promise<string> {
  const record = await proofs.getProof(proofId);
  if (record === undefined) return `${param}: ${shortJobName(proofId)} is not in the store`;
  const { circuit, workerId, keyHash, proof } = record;
  const key = keys.key(circuit).hash === keyHash ? '' : `, with another key than this machine has (${keyHash})`;
  return `${param}: ${shortJobName(proofId)}, ${formatBytes(proof.byteLength)}, by ${workerId}${key}`;
}

async function makeWitness({ circuits }: Engine, job: Job, inputs: AbiInputs, signal: AbortSignal) {
  const pool = new WitnessPool(1);
  try {
    return await pool.solve(circuits.circuit(job.circuit), inputs, signal);
  } finally {
    await pool.close();
  }
}

function memoryText(bytes: number | null): string {
  return bytes === null ? '' : `, ${formatBytes(bytes)} at most`;
}
