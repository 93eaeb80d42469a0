import { EspalierError } from '../../common/index.js';
import { checkRoot, type OpenedBlock, openBlockFile, planExecution } from '../../orchestrator/index.js';
import { type BlockId, type BlockResult, type ProofRecord, toHex } from '../../proto/index.js';
import type { CliContext } from '../context.js';
import { buildManifest, type Manifest, writeManifest } from '../manifest/index.js';
import { type Engine, openEngine } from '../run/engine.js';
import { openVerifier } from '../run/open-verifier.js';
import { OutputFolder } from '../run/output-folder.js';
import type { Cluster } from './open-cluster.js';
import { shortId } from './render-blocks.js';
import { storedBlock } from './stored-block.js';

export interface FetchOptions {
  readonly blockId: BlockId;
  /** The output folder, as of `espalier prove`. */
  readonly folder: string;
  /** The block as it was submitted; undefined: as the store still has it. */
  readonly blockFile: string | undefined;
}

/**
 * Fetches the root proof of a proven block into a folder, in the files that `espalier prove` writes. It is verified
 * first, against the block executed here: neither the store nor the workers are trusted. Rejects with
 * `verification-failed` where it does not hold, and with `usage` for a block that is not proven.
 */
export async function fetchProof(
  cluster: Cluster,
  { blockId, folder: path, blockFile }: FetchOptions,
  context: Pick<CliContext, 'env' | 'aside' | 'signal'>,
): Promise<Manifest> {
  const result = await provenResult(cluster, blockId);
  const root = await rootRecord(cluster, result);
  const engine = await verifierFor(root, context);
  const closing = [() => engine.stop()];
  try {
    const block = await blockOf(blockId, blockFile, cluster, engine);
    closing.push(block.close);
    const { source } = block;
    const prepared = await planExecution(source, engine, { signal: context.signal });
    await checkRoot(engine, prepared, root);
    const { srs } = root.prover;
    const folder = await OutputFolder.open(path, { blockId, srs });
    try {
      const { journal } = await folder.claim(source);
      for (const summary of await cluster.blocks.getCredits(blockId)) await journal.note(summary);
      await folder.writeRoot(root, engine.keys.key(root.circuit));
      const manifest = buildManifest({
        blockId,
        tree: prepared.tree,
        entries: journal.entries,
        srs,
        keysHash: toHex(prepared.execution.rootPublic.keysHash),
        rootPublicInputs: root.publicInputs,
      });
      await writeManifest(path, manifest);
      return manifest;
    } finally {
      await folder.close();
    }
  } finally {
    for (const close of closing.reverse()) await close();
  }
}

async function provenResult(cluster: Cluster, blockId: BlockId): Promise<BlockResult> {
  const open = await cluster.board.find(blockId);
  const { state } = open ?? (await cluster.result(blockId));
  if (state === 'proven') return cluster.result(blockId);
  throw new EspalierError('usage', `block ${shortId(blockId)} has no root proof: it is ${state}`, {
    remedy: `\`espalier status ${shortId(blockId)}\` shows it`,
  });
}

async function rootRecord({ proofs }: Cluster, { rootId, blockId }: BlockResult): Promise<ProofRecord> {
  const root = rootId === null ? undefined : await proofs.getProof(rootId);
  if (root !== undefined) return root;
  throw new EspalierError('store-corrupt', `the root proof of block ${blockId} is not in the store any more`, {
    remedy: 'submit the block again',
  });
}

/** What can check this proof. Whether it is to be trusted is for `espalier verify` to say. */
function verifierFor(root: ProofRecord, { env, aside, signal }: Pick<CliContext, 'env' | 'aside' | 'signal'>) {
  const { srs } = root.prover;
  const say = (line: string) => aside.say(line);
  const options = { env, signal, onWarning: () => undefined, onWait: say };
  if (srs === 'none') return openEngine({ ...options, srs: 'auto', prover: { kind: 'simulated' } });
  return openVerifier({ ...options, srs });
}

async function blockOf(
  blockId: BlockId,
  blockFile: string | undefined,
  { blocks }: Cluster,
  { hasher }: Engine,
): Promise<Pick<OpenedBlock, 'source' | 'close'>> {
  if (blockFile === undefined) {
    if (await blocks.hasBlock(blockId)) {
      return { source: await storedBlock(blocks, blockId, hasher), close: async () => {} };
    }
    throw new EspalierError('usage', `block ${shortId(blockId)} itself is not in the store`, {
      remedy: 'name the file that was submitted, which the root proof is checked against: --block FILE',
    });
  }
  const opened = await openBlockFile(blockFile, hasher);
  if (opened.source.id === blockId) return opened;
  await opened.close();
  throw new EspalierError('usage', `${blockFile} is block ${shortId(opened.source.id)}, not ${shortId(blockId)}`, {
    remedy: 'name the file that was submitted',
  });
}
