import { access, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlockView, Client } from '../../client/index.js';
import { EspalierError, writeFileAtomically } from '../../common/index.js';
import { type BlockId, type JobId, type ProofRecord, summaryOf } from '../../proto/index.js';

export interface CollectedProofs {
  readonly block: BlockView;
  /** Written by this call. */
  readonly proofs: number;
  /** Deleted before they could be read, since their parent's were durable. */
  readonly replaced: number;
}

/** Where the collecting of a block's proofs was left. */
const CURSOR_FILE = 'cursor.json';
/** The place is noted after so many proofs: what came since is written once more when it is gone on from there. */
const PROOFS_PER_NOTE = 100;

/**
 * Writes the proofs of all jobs of a block into a folder, as they rise, until the block has ended: `<job>.proof` holds the
 * bytes, `<job>.json` the public inputs and what made it. Called again with the same folder it goes on where it was left.
 */
export async function collectProofs(
  client: Pick<Client, 'proofs'>,
  blockId: BlockId,
  folder: string,
  signal: AbortSignal,
): Promise<CollectedProofs> {
  const note = join(folder, CURSOR_FILE);
  await mkdir(folder, { recursive: true });
  const cursor = await readCursor(note, blockId);
  let proofs = 0;
  let replaced = 0;
  const options = { everyLevel: true, signal, ...(cursor === undefined ? {} : { cursor }) };
  for await (const item of client.proofs(blockId, options)) {
    if (item.kind === 'ended') return { block: item.block, proofs, replaced };
    if (item.kind === 'replaced') {
      // Gone on from an old place it may be one that an earlier call has written.
      if (!(await isThere(fileOf(folder, item.jobId, 'proof')))) replaced += 1;
    } else {
      await writeProof(folder, item.proof);
      proofs += 1;
    }
    if ((proofs + replaced) % PROOFS_PER_NOTE === 0) await writeNote(note, { blockId, cursor: item.cursor });
  }
  throw new EspalierError('internal', `the proofs of block ${blockId} ended before the block did`);
}

async function writeProof(folder: string, record: ProofRecord): Promise<void> {
  const { proof, publicInputs, jobId } = record;
  const json = `${JSON.stringify({ ...summaryOf(record), publicInputs })}\n`;
  await writeFileAtomically(fileOf(folder, jobId, 'proof'), proof);
  await writeFileAtomically(fileOf(folder, jobId, 'json'), Buffer.from(json));
}

function fileOf(folder: string, jobId: JobId, kind: 'proof' | 'json'): string {
  // A job's id is safe as a file name, but it came over a network.
  return join(folder, `${jobId.replace(/[^A-Za-z0-9.-]/g, '_')}.${kind}`);
}

async function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

async function writeNote(file: string, note: { readonly blockId: BlockId; readonly cursor: string }): Promise<void> {
  await writeFileAtomically(file, Buffer.from(`${JSON.stringify(note)}\n`));
}

/** undefined: from the first. */
async function readCursor(file: string, blockId: BlockId): Promise<string | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const note = JSON.parse(text) as { blockId?: unknown; cursor?: unknown };
    return note.blockId === blockId && typeof note.cursor === 'string' ? note.cursor : undefined;
  } catch {
    return undefined;
  }
}
