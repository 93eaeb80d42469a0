import { type ChildProofContent, type Engine, jobRequests, makeBlock } from '../../cli/index.js';
import { EspalierError } from '../../common/index.js';
import type { ProveRequest, Prover } from '../../native/index.js';
import { planExecution } from '../../orchestrator/index.js';
import { type CircuitName, type JobId, type Proof, type ResourceUsage, sourceOf } from '../../proto/index.js';

/** Blocks with a job of each circuit among them: the second one for the root of a single transaction. */
const BLOCKS = [
  { txs: 3, calls: [2, 0, 0], seed: 1 },
  { txs: 1, calls: 0, seed: 1 },
] as const;

/** One proof of a circuit, made with nothing beside it. */
export interface CircuitRun {
  readonly circuit: CircuitName;
  readonly threads: number;
  /** Made anew for each repetition, by a solver that has made it before. */
  readonly witnessMs: number;
  readonly usage: ResourceUsage;
  readonly verifyMs: number;
  readonly proofBytes: number;
}

export interface EachCircuitOptions {
  /** Numbers of threads to prove with, the most first. */
  readonly threads: readonly number[];
  readonly repetitions: number;
  readonly progress: (line: string) => void;
}

/** Proves a job of each circuit alone, so many times with each number of threads, and whatever they rest on once. */
export async function proveEachCircuit(engine: Engine, options: EachCircuitOptions): Promise<readonly CircuitRun[]> {
  const runs: CircuitRun[] = [];
  const seen = new Set<CircuitName>();
  const [mostThreads = 1] = options.threads;
  const signal = new AbortController().signal;
  for (const shape of BLOCKS) {
    const block = await makeBlock(engine, { ...shape, threads: mostThreads, signal, onProgress: () => undefined });
    const prepared = await planExecution(sourceOf(block), engine, {});
    const made = new Map<JobId, ChildProofContent>();
    for await (const { job, request, solve } of jobRequests(engine, prepared, async (id) => made.get(id))) {
      const isNew = !seen.has(job.circuit);
      seen.add(job.circuit);
      const own = isNew ? await proveRepeatedly(engine.prover, request, { ...options, solve }) : [];
      runs.push(...own.map(({ run }) => run));
      const { proof } = own[0] ?? (await engine.prover.prove(request, { threads: mostThreads }));
      made.set(job.id, { keyHash: request.key.hash, proof: proof.proof });
    }
  }
  return runs;
}

/** The numbers of threads take turns. `solve`: makes the witness once more. */
export async function proveRepeatedly(
  prover: Pick<Prover, 'prove' | 'verify'>,
  request: ProveRequest,
  { threads, repetitions, progress, solve }: EachCircuitOptions & { readonly solve: () => Promise<unknown> },
): Promise<readonly { readonly proof: Proof; readonly run: CircuitRun }[]> {
  const { circuit } = request;
  const all: { readonly proof: Proof; readonly run: CircuitRun }[] = [];
  for (let repetition = 1; repetition <= repetitions; repetition++) {
    const solvingMs = performance.now();
    await solve();
    const witnessMs = performance.now() - solvingMs;
    for (const count of threads) {
      const { proof, usage } = await prover.prove(request, { threads: count });
      const startedMs = performance.now();
      if (!(await prover.verify({ ...request, proof }))) {
        throw new EspalierError('proof-invalid', `a proof of ${circuit.spec.name} does not verify`);
      }
      const verifyMs = performance.now() - startedMs;
      progress(`${circuit.spec.name}: ${(usage.wallMs / 1000).toFixed(1)} s, threads ${count}`);
      const proofBytes = proof.proof.byteLength;
      all.push({ proof, run: { circuit: circuit.spec.name, threads: count, witnessMs, usage, verifyMs, proofBytes } });
    }
  }
  return all;
}
