import { EspalierError } from '../../common/index.js';
import { checkRoot, openBlockFile, type PreparedBlock, planExecution } from '../../orchestrator/index.js';
import { type SrsName, toHex } from '../../proto/index.js';
import type { Engine } from './engine.js';
import type { readFinished } from './output-folder.js';

/** What a verified root proof says. */
export interface VerifiedFacts {
  readonly blockId: string;
  readonly srs: SrsName;
  readonly transactions: number;
  readonly gasUsed: number;
  readonly startRoot: string;
  readonly endRoot: string;
  readonly keysHash: string;
  /** Whether these are the keys published with this version; else none are, and they were computed from its circuits. */
  readonly keysArePublished: boolean;
  /** Of the `bb` that verified, as it reports it itself. */
  readonly proverVersion: string;
}

/**
 * Verifies a finished block, trusting nothing in its folder but the block: executes it again, compares every public
 * input, holds the key to the published set, and verifies the proof. Rejects with `verification-failed`.
 */
export async function verifyFinished(
  engine: Engine,
  { facts, blockPath, root }: Awaited<ReturnType<typeof readFinished>>,
  signal: AbortSignal,
): Promise<VerifiedFacts> {
  const { srs } = engine.prover.identity;
  if (facts.srs !== srs) {
    throw failed(
      `the proof was made with the ${facts.srs} SRS, and this verifier is on the ${srs} one`,
      facts.srs === 'development' ? 'anyone can forge proofs with it; prove the block with --srs canonical' : undefined,
    );
  }
  const prepared = await executeFile(engine, blockPath, facts.blockId, signal);
  const key = engine.keys.key(prepared.tree.circuit(prepared.tree.root));
  if (!Buffer.from(key.bytes).equals(root.key)) {
    throw failed(
      `root/vk is not the ${engine.keys.arePublished ? 'published key' : 'key'} ${key.hash} of ${prepared.tree.circuit(prepared.tree.root)}`,
    );
  }
  await checkRoot(engine, prepared, root);
  const { rootPublic } = prepared.execution;
  return {
    blockId: facts.blockId,
    srs,
    transactions: rootPublic.transactions,
    gasUsed: rootPublic.gasUsed,
    startRoot: toHex(rootPublic.startRoot),
    endRoot: toHex(rootPublic.endRoot),
    keysHash: toHex(rootPublic.keysHash),
    keysArePublished: engine.keys.arePublished,
    proverVersion: engine.prover.identity.version,
  };
}

async function executeFile(engine: Engine, path: string, blockId: string, signal: AbortSignal): Promise<PreparedBlock> {
  const { source, close } = await openBlockFile(path, engine.hasher);
  try {
    if (source.id === blockId) return await planExecution(source, engine, { signal });
    throw failed(`${path} is block ${source.id}, and the folder is of block ${blockId}`);
  } finally {
    await close();
  }
}

function failed(
  message: string,
  remedy = 'do not accept this block; `espalier prove` makes a proof of it into a new folder',
): EspalierError {
  return new EspalierError('verification-failed', message, { remedy });
}
