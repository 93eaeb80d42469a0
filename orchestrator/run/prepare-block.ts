import { createHash } from 'node:crypto';
import { type CircuitSet, type Hasher, type KeySet, proofSystem } from '../../circuits/index.js';
import { EspalierError } from '../../common/index.js';
import type { Prover } from '../../native/index.js';
import { type Block, type BlockId, blockId, type ProverIdentity, toHex, transactionId } from '../../proto/index.js';
import { type BlockExecution, executeBlock, executeTransactions } from '../execute/index.js';
import { type ProofTree, planBlock } from '../plan/index.js';
import { JobInputs } from './job-inputs.js';
import { verifyClientProofs } from './verify-client-proofs.js';

/** A block that was checked, executed and planned: all that proving it takes. */
export interface PreparedBlock {
  readonly id: BlockId;
  readonly block: Block;
  readonly execution: BlockExecution;
  /** What the tree was planned with besides the block, see `planTree`. */
  readonly lineageSeed: string;
  readonly tree: ProofTree;
  readonly inputs: JobInputs;
}

export interface PrepareTools {
  readonly hasher: Hasher;
  readonly circuits: CircuitSet;
  readonly keys: KeySet;
  /** Verifies the client proofs. */
  readonly prover: Pick<Prover, 'identity' | 'verify'>;
}

export interface PrepareOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (phase: 'client-proofs' | 'executing', done: number, total: number) => void;
}

/**
 * Refuses what cannot be proven before any proof is made: rejects with `client-proof-invalid`, `block-not-executable`,
 * `duplicate-nullifier` or `cancelled`.
 */
export async function prepareBlock(block: Block, tools: PrepareTools, options: PrepareOptions): Promise<PreparedBlock> {
  const { signal, onProgress } = options;
  const progress = (phase: 'client-proofs' | 'executing') => (done: number, total: number) =>
    onProgress?.(phase, done, total);
  await verifyClientProofs(block, tools, {
    onProgress: progress('client-proofs'),
    ...(signal ? { signal } : {}),
  });
  return planExecution(block, tools, {
    onProgress: progress('executing'),
    ...(signal ? { signal } : {}),
  });
}

/** Executes and plans a block whose client proofs need no check: what a verifier of its root does. */
export async function planExecution(
  block: Block,
  { hasher, keys, prover }: Omit<PrepareTools, 'circuits'>,
  options: { readonly signal?: AbortSignal; readonly onProgress?: (done: number, total: number) => void },
): Promise<PreparedBlock> {
  const execution = await executeBlock(block, hasher, { ...options, keysHash: keys.keysHash(hasher) });
  const lineageSeed = lineageSeedOf(prover.identity, keys, toHex(execution.rootPublic.startRoot));
  const tree = planTree(block, lineageSeed);
  return {
    id: blockId(block),
    block,
    execution,
    lineageSeed,
    tree,
    inputs: new JobInputs(tree, execution, hasher, keys.hashes),
  };
}

/** The tree of a block that was executed before, without executing more of it than its beginning. */
export async function planStart(
  block: Block,
  { hasher, keys, prover }: Omit<PrepareTools, 'circuits'>,
): Promise<Pick<PreparedBlock, 'tree' | 'lineageSeed'>> {
  for await (const first of executeTransactions(block, hasher, { keysHash: keys.keysHash(hasher) })) {
    const lineageSeed = lineageSeedOf(prover.identity, keys, toHex(first.public.startRoot));
    return { lineageSeed, tree: planTree(block, lineageSeed) };
  }
  throw new EspalierError('block-invalid', 'the block has no transaction');
}

/** The tree of a block, planned again with the seed that a `PreparedBlock` has: it takes no execution, and no keys. */
export function planTree(block: Block, lineageSeed: string): ProofTree {
  return planBlock({
    lineageSeed,
    transactionIds: block.transactions.map(transactionId),
    callCounts: block.transactions.map((transaction) => transaction.calls.length),
  });
}

/**
 * What all job ids of a block depend on besides its transactions. Keys differ by circuit, SRS and prover version, so
 * proofs of one proof system are never taken for those of another, nor simulated ones for real ones.
 */
function lineageSeedOf(identity: ProverIdentity, keys: KeySet, startRoot: string): string {
  return createHash('sha256')
    .update(JSON.stringify(['espalier', 1, proofSystem(identity, keys), startRoot]))
    .digest('hex');
}
