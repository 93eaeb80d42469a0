import type { Hasher } from '../../circuits/index.js';
import { EspalierError } from '../../common/index.js';
import {
  type BlockFacts,
  BlockFile,
  type BlockOutline,
  type BlockPart,
  type BlockSource,
  collectBlock,
  sourceOf,
  type Transaction,
  transactionId,
} from '../../proto/index.js';
import { BlockCheck } from './block-check.js';
import { inFile } from './in-file.js';

/** A block file, open. */
export interface OpenedBlock {
  readonly source: BlockSource;
  readonly facts: BlockFacts;
  close(): Promise<void>;
}

/**
 * Opens a block file of either format, and checks it in full but for client proofs and execution. One of lines is read
 * from the file whenever it is needed, so the file must stay as it is until the block is closed; one of one text is held.
 * Rejects with `block-invalid` or `duplicate-nullifier`, naming the file and the place.
 */
export async function openBlockFile(path: string, hasher: Hasher): Promise<OpenedBlock> {
  const file = await BlockFile.open(path);
  try {
    const check = new BlockCheck(hasher);
    if (!file.isLines) {
      const source = sourceOf(await collectBlock(checked(file, check)));
      await file.close();
      return { source, facts: inFile(path, () => check.finish()).facts, close: async () => {} };
    }
    for await (const _ of checked(file, check));
    const { facts, outline } = inFile(path, () => check.finish());
    return { source: new FileSource(file, facts.blockId, outline), facts, close: () => file.close() };
  } catch (thrown) {
    await file.close();
    throw thrown;
  }
}

async function* checked(file: BlockFile, check: BlockCheck): AsyncGenerator<BlockPart> {
  for await (const part of file.parts()) {
    inFile(file.path, () => check.add(part));
    yield part;
  }
}

class FileSource implements BlockSource {
  readonly #file: BlockFile;

  constructor(
    file: BlockFile,
    readonly id: string,
    readonly outline: BlockOutline,
  ) {
    this.#file = file;
  }

  parts(): AsyncIterable<BlockPart> {
    return this.#file.parts();
  }

  async transaction(index: number): Promise<Transaction> {
    const transaction = await this.#file.transaction(index);
    if (transactionId(transaction) === this.outline.transactionIds[index]) return transaction;
    throw new EspalierError('block-invalid', `${this.#file.path}: tx ${index} has changed since it was checked`, {
      remedy: 'leave the file as it is until the command has ended, and run it again',
    });
  }
}
