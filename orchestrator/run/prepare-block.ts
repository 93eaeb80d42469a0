import { createHash } from 'node:crypto';
import { type CircuitSet, type Hasher, type KeySet, proofSystem } from '../../circuits/index.js';
import type { Prover } from '../../native/index.js';
import {
  type BlockId,
  type BlockOutline,
  type BlockSource,
  type Field,
  type ProverIdentity,
  toHex,
} from '../../proto/index.js';
import { type BlockExecution, executeParts, type PackedExecution, startRootOf } from '../execute/index.js';
import { type ProofTree, planBlock } from '../plan/index.js';
import { JobInputs } from './job-inputs.js';
import { type ExecutionStore, findExecution, keepExecution } from './stored-execution.js';
import { verifyClientProofs } from './verify-client-proofs.js';

/** A block that was checked, executed and planned: all that proving it takes. */
export interface PreparedBlock {
  readonly id: BlockId;
  /** Where its content is: client proofs are read when a job needs them. */
  readonly source: BlockSource;
  readonly execution: BlockExecution;
  /** What the tree was planned with besides the block's outline, see `planTree`. */
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
 * `duplicate-nullifier` or `cancelled`. Reads the block twice, and holds one part of it at a time.
 */
export async function prepareBlock(
  source: BlockSource,
  tools: PrepareTools,
  options: PrepareOptions,
): Promise<PreparedBlock> {
  const { signal, onProgress } = options;
  const progress = (phase: 'client-proofs' | 'executing') => (done: number, total: number) =>
    onProgress?.(phase, done, total);
  await verifyClientProofs(source, tools, {
    onProgress: progress('client-proofs'),
    ...(signal ? { signal } : {}),
  });
  return planExecution(source, tools, {
    onProgress: progress('executing'),
    ...(signal ? { signal } : {}),
  });
}

export interface ExecutionOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
  /** Where an execution is looked for first, and kept. Without it the block is executed in any case. */
  readonly executions?: ExecutionStore;
  /** It could not be kept: whoever takes the block up again has to execute it. */
  readonly onNotKept?: (thrown: unknown) => void;
}

/** Executes and plans a block whose client proofs need no check: what a verifier of its root does. */
export async function planExecution(
  source: BlockSource,
  { hasher, keys, prover }: Omit<PrepareTools, 'circuits'>,
  options: ExecutionOptions,
): Promise<PreparedBlock> {
  const execution = await executionOf(source, { hasher, keysHash: keys.keysHash(hasher) }, options);
  const lineageSeed = lineageSeedOf(prover.identity, keys, toHex(execution.rootPublic.startRoot));
  const tree = planTree(source.outline, lineageSeed);
  return {
    id: source.id,
    source,
    execution,
    lineageSeed,
    tree,
    inputs: new JobInputs(tree, execution, hasher, keys.hashes),
  };
}

async function executionOf(
  source: BlockSource,
  tools: { readonly hasher: Hasher; readonly keysHash: Field },
  { signal, onProgress, executions, onNotKept }: ExecutionOptions,
): Promise<PackedExecution> {
  const found = executions && (await findExecution(source, executions, { ...tools, signal }));
  if (found !== undefined) return found;
  const total = source.outline.transactionIds.length;
  const execution = await executeParts(source.parts(), tools.hasher, {
    ...(signal ? { signal } : {}),
    keysHash: tools.keysHash,
    onProgress: (done) => onProgress?.(done, total),
  });
  if (executions !== undefined) {
    await keepExecution(source.id, execution, executions).catch((thrown) => {
      signal?.throwIfAborted();
      onNotKept?.(thrown);
    });
  }
  return execution;
}

/** The tree of a block, without executing any of it: its starting state is all that is read. */
export async function planStart(
  source: Pick<BlockSource, 'outline' | 'parts'>,
  { hasher, keys, prover }: Omit<PrepareTools, 'circuits'>,
): Promise<Pick<PreparedBlock, 'tree' | 'lineageSeed'>> {
  const startRoot = await startRootOf(source.parts(), hasher);
  const lineageSeed = lineageSeedOf(prover.identity, keys, toHex(startRoot));
  return { lineageSeed, tree: planTree(source.outline, lineageSeed) };
}

/** The tree of a block, planned again with the seed that a `PreparedBlock` has: it takes no content, and no keys. */
export function planTree({ transactionIds, callCounts }: BlockOutline, lineageSeed: string): ProofTree {
  return planBlock({ lineageSeed, transactionIds, callCounts });
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
