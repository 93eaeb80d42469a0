import { type Abi, publicInputsOf } from '../../circuits/index.js';
import { checkedSource, type PreparedBlock, planExecution, submitParts } from '../../orchestrator/index.js';
import type { ProofRecord, ProofSummary } from '../../proto/index.js';
import { type BlockClaim, type BlockOwner, RedisBlockBoard, RedisHeart } from '../../queue/index.js';
import { BlockStore, FileBlobStore, ProofStore, StoredBlock } from '../../store/index.js';
import { simulatedBlockParts, simulatedTools } from '../executing/simulated-tools.js';
import { noOpSummary } from '../queue/no-op-summary.js';

export interface HalfProvenBlock {
  readonly jobs: number;
  /** In the store. */
  readonly proofs: number;
  /** On the board: who made those, and those that they have replaced. */
  readonly credits: number;
  /** What the next owner is spared: executing it once, and keeping that. */
  readonly executeMs: number;
  readonly executionBytes: number;
}

export interface HalfProvenOptions {
  readonly transactions: number;
  readonly redisUrl: string;
  readonly storeFolder: string;
  readonly progress: (line: string) => void;
}

type Tools = Awaited<ReturnType<typeof simulatedTools>>;

const CALLS = 2;
/** Written at once. */
const BATCH = 16;
/** As an owner credits at once. */
const CREDITS = 500;

/**
 * A cluster's block as an owner leaves it that is gone: submitted, executed, the first half of its transactions proven up to
 * their bases, whose proofs have replaced those below them, and all of that credited.
 */
export async function makeHalfProvenBlock(options: HalfProvenOptions): Promise<HalfProvenBlock> {
  const { redisUrl: url, storeFolder } = options;
  const heart = await RedisHeart.start({ url });
  const board = await RedisBlockBoard.open({ url });
  const owner = await board.owner('earlier.1', heart);
  try {
    return await prove(board, owner, await FileBlobStore.open(storeFolder), options);
  } finally {
    await owner.close();
    await board.close();
    await heart.close();
  }
}

async function prove(
  board: RedisBlockBoard,
  owner: BlockOwner,
  blobs: FileBlobStore,
  { transactions, progress }: HalfProvenOptions,
): Promise<HalfProvenBlock> {
  const tools = await simulatedTools();
  const [blocks, proofs] = [new BlockStore(blobs), new ProofStore(blobs)];
  progress(`making a block of ${transactions} transactions with ${CALLS} calls each`);
  await submitParts(simulatedBlockParts(tools, { txs: transactions, calls: CALLS }), { board, blocks });
  const [claim] = await owner.claim(1);
  const content = claim && (await StoredBlock.open(blocks, claim.blockId));
  if (claim === undefined || content === undefined) throw new Error('the block was not put up');

  const executing = performance.now();
  const prepared = await planExecution(checkedSource(content, tools.hasher), tools, {
    executions: blocks,
    onProgress: tenths('executing it', progress),
  });
  const executeMs = performance.now() - executing;
  const bases = await proveBases(prepared, tools, proofs, tenths('proving half of it', progress));
  const credits = await creditAll(prepared, owner, claim);
  const { size: jobs } = prepared.tree;
  await owner.note(claim, { state: 'proving', checked: true, jobs, done: credits, running: 0 });
  return { jobs, proofs: bases, credits, executeMs, executionBytes: await bytesBelow('executions/', blobs) };
}

async function proveBases(
  { tree, inputs }: PreparedBlock,
  { circuits, keys, prover }: Tools,
  proofs: ProofStore,
  onProgress: (done: number, total: number) => void,
): Promise<number> {
  const half = Math.floor(tree.transactions / 2);
  for (let first = 0; first < half; first += BATCH) {
    const some = Array.from({ length: Math.min(BATCH, half - first) }, (_, n) => tree.baseJob(first + n));
    await Promise.all(some.map(put));
    onProgress(first + some.length, half);
  }
  return half;

  async function put(job: number): Promise<void> {
    const circuit = circuits.circuit(tree.circuit(job));
    const key = keys.key(circuit.spec.name);
    const publicInputs = publicInputsOf(circuit.artifact.abi as Abi, inputs.of(job));
    const { proof } = await prover.prove({ circuit, key, publicInputs, witness: null }, { threads: 1 });
    const record: ProofRecord = { ...summaryOf(tree, job), ...proof, keyHash: key.hash, prover: prover.identity };
    await proofs.putProof(record);
  }
}

async function creditAll({ tree }: PreparedBlock, owner: BlockOwner, claim: BlockClaim): Promise<number> {
  const isProven = (job: number) =>
    tree.place(job).kind !== 'join' && tree.span(job)[1] < Math.floor(tree.transactions / 2);
  const jobs = Array.from({ length: tree.size }, (_, job) => job).filter(isProven);
  for (let first = 0; first < jobs.length; first += CREDITS) {
    const summaries = jobs.slice(first, first + CREDITS).map((job) => summaryOf(tree, job));
    await owner.credit(claim, summaries);
  }
  return jobs.length;
}

function summaryOf(tree: PreparedBlock['tree'], job: number): ProofSummary {
  const workerId = 'worker.1';
  return noOpSummary({ job: { id: tree.jobId(job), circuit: tree.circuit(job) }, attempt: 1, workerId });
}

async function bytesBelow(prefix: string, blobs: FileBlobStore): Promise<number> {
  let bytes = 0;
  for await (const key of blobs.list(prefix)) bytes += (await blobs.get(key))?.length ?? 0;
  return bytes;
}

function tenths(what: string, progress: (line: string) => void): (done: number, total: number) => void {
  let told = 0;
  return (done, total) => {
    const tenth = Math.floor((10 * done) / total);
    if (tenth > told) progress(`${what}: ${10 * tenth} %`);
    told = tenth;
  };
}
