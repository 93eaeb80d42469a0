import type { Client } from '../../client/index.js';
import { EspalierError } from '../../common/index.js';
import { checkRoot, planExecution } from '../../orchestrator/index.js';
import { type BlockView, type ProofRecord, toHex } from '../../proto/index.js';
import type { CliContext } from '../context.js';
import { buildManifest, type Manifest, writeManifest } from '../manifest/index.js';
import { openEngine } from '../run/engine.js';
import { openVerifier } from '../run/open-verifier.js';
import { OutputFolder } from '../run/output-folder.js';
import { obtainBlock } from './obtain-block.js';
import { shortId } from './render-blocks.js';

export interface FetchOptions {
  readonly block: BlockView;
  /** The output folder, as of `espalier prove`. */
  readonly folder: string;
  /** The block as it was submitted; undefined: as the server has it. */
  readonly blockFile: string | undefined;
}

/**
 * Fetches the root proof of a proven block into a folder, in the files that `espalier prove` writes. It is verified
 * first, against the block executed here: neither the server nor the workers are trusted. Rejects with
 * `verification-failed` where it does not hold, and with `usage` for a block that is not proven.
 */
export async function fetchProof(
  client: Client,
  { block: { blockId, state }, folder: path, blockFile }: FetchOptions,
  context: Pick<CliContext, 'env' | 'aside' | 'signal'>,
): Promise<Manifest> {
  const { signal } = context;
  if (state !== 'proven') throw notProven(blockId, state);
  const root = await client.root(blockId, { signal });
  const engine = await verifierFor(root, context);
  const closing = [() => engine.stop()];
  try {
    const { source, close } = await obtainBlock(client, blockId, blockFile, engine.hasher, signal);
    closing.push(close);
    const prepared = await planExecution(source, engine, { signal });
    await checkRoot(engine, prepared, root);
    const { srs } = root.prover;
    const folder = await OutputFolder.open(path, { blockId, srs });
    closing.push(() => folder.close());
    const { journal } = await folder.claim(source);
    for await (const summary of client.credits(blockId, { signal })) await journal.note(summary);
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
    for (const close of closing.reverse()) await close();
  }
}

function notProven(blockId: string, state: string): EspalierError {
  const id = shortId(blockId);
  return new EspalierError('usage', `block ${id} has no root proof: it is ${state}`, {
    remedy: `\`espalier status ${id}\` shows it`,
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
