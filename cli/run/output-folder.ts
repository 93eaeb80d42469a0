import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { EspalierError, FolderLock, sweepFolder, writeFileAtomically } from '../../common/index.js';
import { RunJournal } from '../../orchestrator/index.js';
import {
  type BlockId,
  type BlockSource,
  collectBlock,
  fieldsFromBytes,
  fieldsToBytes,
  type ProofRecord,
  type SrsName,
  serializeBlock,
  TEXT_TRANSACTIONS_MAX,
  type VerificationKey,
  writeBlockParts,
} from '../../proto/index.js';
import { FileBlobStore, ProofStore } from '../../store/index.js';

const RUN_FILE = 'run.json';
/** One text, or for a large block lines. */
const BLOCK_FILES = ['block.json', 'block.jsonl'] as const;
const ROOT_FOLDER = 'root';
/**
 * What a run that was killed before it had written `run.json` may have left: its lock, the block, unfinished files; and
 * what `espalier proof --every-level` has collected.
 */
const LEFT_BEHIND = /^(proofs|\.lock.*|block\.jsonl?(~.*)?|run\.json~.*)$/;

const runSchema = z.strictObject({
  version: z.literal(1),
  blockId: z.string(),
  srs: z.enum(['canonical', 'development', 'none']),
});

/** Which block a folder belongs to, and which SRS its proofs are made with (`none`: simulated). */
export interface RunFacts {
  readonly blockId: BlockId;
  readonly srs: SrsName;
}

/**
 * The folder of one block's proofs, locked for one run:
 *
 *     run.json       which block, which SRS
 *     block.json     the block; block.jsonl where it is large
 *     journal.jsonl  who proved what, one line a proof
 *     store/         proofs under their job ids
 *     root/          proof, public_inputs and vk of the root, as `bb verify` takes them
 *     manifest.json  the finished block
 */
export class OutputFolder {
  readonly #path: string;
  readonly #facts: RunFacts;
  readonly #lock: FolderLock;
  #journal: RunJournal | undefined;

  private constructor(path: string, facts: RunFacts, lock: FolderLock) {
    this.#path = path;
    this.#facts = facts;
    this.#lock = lock;
  }

  /**
   * Locks a folder for a run, or makes it. Rejects with `folder-mismatch` where it belongs to another block or SRS, or
   * holds what this command did not put there, and with `folder-busy` while another run has it.
   */
  static async open(path: string, facts: RunFacts): Promise<OutputFolder> {
    // Before the lock: its file in a folder of somebody else's would be in the way.
    await checkOwner(path, facts);
    const lock = await FolderLock.acquire(path, {
      remedy: 'wait until it has ended, or choose another folder with --out',
    });
    try {
      await checkOwner(path, facts);
      return new OutputFolder(path, facts, lock);
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /**
   * From here on the folder belongs to the block. Not before the block was found sound: who mends a faulty one may use
   * the folder again.
   */
  async claim(source: BlockSource): Promise<{ readonly proofs: ProofStore; readonly journal: RunJournal }> {
    try {
      for (const folder of [this.#path, join(this.#path, ROOT_FOLDER)]) await sweepFolder(folder);
      if (!existsSync(join(this.#path, RUN_FILE))) {
        await this.#writeBlock(source);
        const run = { version: 1, ...this.#facts };
        await writeFileAtomically(join(this.#path, RUN_FILE), Buffer.from(`${JSON.stringify(run)}\n`));
      }
      const proofs = new ProofStore(await FileBlobStore.open(join(this.#path, 'store')));
      this.#journal = await RunJournal.open(join(this.#path, 'journal.jsonl'));
      return { proofs, journal: this.#journal };
    } catch (error) {
      throw EspalierError.from(error, 'store-unavailable');
    }
  }

  async #writeBlock(source: BlockSource): Promise<void> {
    const [text, lines] = BLOCK_FILES.map((name) => join(this.#path, name)) as [string, string];
    if (source.outline.transactionIds.length > TEXT_TRANSACTIONS_MAX) await writeBlockParts(lines, source.parts());
    else await writeFileAtomically(text, serializeBlock(await collectBlock(source.parts())));
  }

  /** Writes the root's files as `bb verify -p proof -i public_inputs -k vk` takes them. */
  async writeRoot(root: ProofRecord, key: VerificationKey): Promise<void> {
    const folder = join(this.#path, ROOT_FOLDER);
    const files = { proof: root.proof, public_inputs: fieldsToBytes(root.publicInputs), vk: key.bytes };
    try {
      await mkdir(folder, { recursive: true });
      for (const [name, bytes] of Object.entries(files)) await writeFileAtomically(join(folder, name), bytes);
    } catch (error) {
      throw EspalierError.from(error, 'store-unavailable');
    }
  }

  async close(): Promise<void> {
    await this.#journal?.close();
    await this.#lock.release();
  }
}

/** The root's files of a finished block. */
export interface RootFiles {
  readonly proof: Uint8Array;
  readonly publicInputs: readonly string[];
  readonly key: Uint8Array;
}

/** Reads what `espalier verify` checks. Rejects with `verification-failed` where the folder holds no finished block. */
export async function readFinished(path: string): Promise<{ facts: RunFacts; blockPath: string; root: RootFiles }> {
  const remedy = 'name a folder into which `espalier prove` has finished a block';
  const facts = await readRun(path).catch((thrown) => {
    const { message } = EspalierError.from(thrown);
    throw new EspalierError('verification-failed', message, { cause: thrown, remedy });
  });
  if (facts === undefined) {
    const what = existsSync(path) ? `there is no ${RUN_FILE} in it` : 'there is no such folder';
    // The folder of the demo holds its block, too, and the proofs in a folder of their own.
    const below = join(path, 'proof');
    throw new EspalierError('verification-failed', `${path} holds no proven block: ${what}`, {
      remedy: existsSync(join(below, RUN_FILE)) ? `run \`espalier verify ${below}\`` : remedy,
    });
  }
  try {
    const read = (name: string) => readFile(join(path, ROOT_FOLDER, name));
    const root = {
      proof: await read('proof'),
      publicInputs: fieldsFromBytes(await read('public_inputs'), 'public_inputs'),
      key: await read('vk'),
    };
    const [text, lines] = BLOCK_FILES.map((name) => join(path, name)) as [string, string];
    return { facts, blockPath: existsSync(lines) ? lines : text, root };
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'it has no root proof' : (thrown as Error).message;
    throw new EspalierError('verification-failed', `${path}: the block is not proven to the end: ${reason}`, {
      cause: thrown,
      remedy: 'run `espalier prove` with the block and this folder again: it goes on from the finished proofs',
    });
  }
}

async function checkOwner(path: string, facts: RunFacts): Promise<void> {
  const owner = await readRun(path);
  if (owner === undefined) {
    const files = await readdir(path).catch(() => []);
    const strange = files.find((name) => !LEFT_BEHIND.test(name));
    if (strange === undefined) return;
    throw mismatch(`${path} is not empty and is no output folder (it holds ${strange})`);
  }
  if (owner.blockId !== facts.blockId) {
    throw mismatch(`${path} belongs to block ${owner.blockId.slice(0, 16)}…, not to ${facts.blockId.slice(0, 16)}…`);
  }
  if (owner.srs !== facts.srs) {
    throw mismatch(`${path} holds proofs with the SRS ${owner.srs}, and this run proves with ${facts.srs}`);
  }
}

async function readRun(path: string): Promise<RunFacts | undefined> {
  let text: string;
  try {
    text = await readFile(join(path, RUN_FILE), 'utf8');
  } catch (thrown) {
    const { code, message } = thrown as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    if (code === 'ENOTDIR') throw mismatch(`${path} is not a folder`);
    throw new EspalierError('store-unavailable', `${path} cannot be read: ${message}`, { cause: thrown });
  }
  try {
    return runSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new EspalierError('folder-mismatch', `${join(path, RUN_FILE)} is not one that espalier wrote`, {
      cause,
      remedy: 'choose another folder with --out',
    });
  }
}

function mismatch(message: string): EspalierError {
  return new EspalierError('folder-mismatch', message, { remedy: 'choose another folder with --out' });
}
