import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Abi, publicInputsOf } from '../../circuits/index.js';
import { findProofs, type PreparedBlock, planExecution, Scheduler, StoredProofs } from '../../orchestrator/index.js';
import { type BlockSource, collectBlock, type ProofRecord, sourceOf } from '../../proto/index.js';
import { BlockStore, FileBlobStore, ProofStore } from '../../store/index.js';
import { simulatedBlockParts, simulatedTools } from '../executing/simulated-tools.js';
import { median } from '../median.js';
import type { Row, Scope } from '../scope.js';

/** Of the RFP's largest block, and what issue 5 allows for it. */
const LARGEST = 61_440;
const RESTART_S_MAX = 10;

export const restart: Scope = {
  description: 'an orchestrator takes up a half-proven block again: from the start of preparing it to the first jobs',
  repetitions: 3,
  run: ({ repetitions, progress }) => measureRestart({ transactions: 2_048 }, repetitions, progress),
};

type Tools = Awaited<ReturnType<typeof simulatedTools>>;
interface Stores {
  readonly blobs: FileBlobStore;
  readonly executions: BlockStore;
  readonly proofs: ProofStore;
}

interface Restart {
  readonly readMs: number;
  readonly findMs: number;
  readonly scheduleMs: number;
}

/**
 * The first half of the transactions are proven up to their bases, whose proofs have replaced those below them. Not in it:
 * Redis (the claim, the histories of attempts, what is still queued).
 */
export async function measureRestart(
  { transactions }: { readonly transactions: number },
  repetitions: number,
  progress: (line: string) => void,
): Promise<readonly Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'espalier-restart-'));
  try {
    const tools = await simulatedTools();
    progress(`restart: making a block of ${transactions} transactions with 2 calls each`);
    const source = sourceOf(await collectBlock(simulatedBlockParts(tools, { txs: transactions, calls: 2 })));
    const blobs = await FileBlobStore.open(folder);
    const stores = { blobs, executions: new BlockStore(blobs), proofs: new ProofStore(blobs) };
    progress('restart: executing it, and proving half of it');
    const executing = performance.now();
    const first = await planExecution(source, tools, stores);
    const executeMs = performance.now() - executing;
    await proveHalf(first, tools, stores.proofs);
    const restarts: Restart[] = [];
    for (let repetition = 1; repetition <= repetitions; repetition++) {
      progress(`restart: ${repetition} of ${repetitions}`);
      restarts.push(await restartOnce(source, tools, stores));
    }
    return rowsOf(restarts, { transactions, executeMs, bytes: await executionBytes(stores) });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function restartOnce(source: BlockSource, tools: Tools, { executions, proofs }: Stores): Promise<Restart> {
  const startedMs = performance.now();
  const refuse = () => {
    throw new Error('the block was executed again');
  };
  const prepared = await planExecution(source, tools, { executions, onProgress: refuse });
  const readMs = performance.now() - startedMs;
  const { tree } = prepared;
  const stored = new StoredProofs(prepared, proofs, tools);
  const { finished } = await findProofs(tree, stored, proofs, { signal: new AbortController().signal });
  const findMs = performance.now() - startedMs - readMs;
  const scheduler = new Scheduler({ resourceClassOf: () => 'rollup' });
  const commands = scheduler.handle({ kind: 'block-added', nowMs: 0, blockId: source.id, tree, finished, ageRank: 1 });
  if (commands[0]?.kind !== 'enqueue') throw new Error('the scheduler enqueued nothing');
  return { readMs, findMs, scheduleMs: performance.now() - startedMs - readMs - findMs };
}

async function proveHalf({ tree, inputs }: PreparedBlock, tools: Tools, proofs: ProofStore): Promise<void> {
  const { circuits, keys, prover } = tools;
  for (let job = 0; job < tree.size; job++) {
    const place = tree.place(job);
    if (place.kind !== 'base' || place.transaction >= tree.transactions / 2) continue;
    const circuit = circuits.circuit(tree.circuit(job));
    const key = keys.key(circuit.spec.name);
    const publicInputs = publicInputsOf(circuit.artifact.abi as Abi, inputs.of(job));
    const { proof } = await prover.prove({ circuit, key, publicInputs, witness: null }, { threads: 1 });
    const jobId = tree.jobId(job);
    const record = { ...proof, jobId, circuit: circuit.spec.name, keyHash: key.hash, prover: prover.identity };
    await proofs.putProof({ ...MADE, ...record });
  }
}

/** How a proof was made, of which a restart asks nothing. */
const MADE: Omit<ProofRecord, 'jobId' | 'circuit' | 'keyHash' | 'prover' | 'proof' | 'publicInputs'> = {
  workerId: 'bench',
  startedAtMs: 0,
  finishedAtMs: 0,
  threads: 1,
  usage: { wallMs: 0, cpuMs: null, peakMemoryBytes: null },
  timings: { queuedMs: 0, witnessMs: 0, proveMs: 0, verifyMs: 0, storeMs: 0 },
  attempts: 1,
  signature: null,
};

async function executionBytes({ blobs }: Stores): Promise<number> {
  let bytes = 0;
  for await (const key of blobs.list('executions/')) bytes += (await blobs.get(key))?.length ?? 0;
  return bytes;
}

function rowsOf(
  restarts: readonly Restart[],
  {
    transactions,
    executeMs,
    bytes,
  }: { readonly transactions: number; readonly executeMs: number; readonly bytes: number },
): readonly Row[] {
  const row = (what: string, unit: string, of: (one: Restart) => number): Row => ({
    name: `restart/${transactions}-transactions/${what}`,
    unit,
    ...median(restarts.map(of)),
  });
  const megabytes = bytes / 1e6;
  const total = ({ readMs, findMs, scheduleMs }: Restart) => (readMs + findMs + scheduleMs) / 1e3;
  return [
    { ...row('to-first-job', 's', total), ...(transactions === LARGEST ? { target: RESTART_S_MAX } : {}) },
    row('read-execution', 's', ({ readMs }) => readMs / 1e3),
    row('read-execution-per-megabyte', 'ms', ({ readMs }) => readMs / megabytes),
    row('find-proofs', 's', ({ findMs }) => findMs / 1e3),
    row('find-proofs-per-proof', 'ms', ({ findMs }) => findMs / (transactions / 2)),
    row('kept-execution', 'MB', () => megabytes),
    { ...row('execute-and-keep', 's', () => executeMs / 1e3), note: 'once: what a restart is spared' },
  ];
}
