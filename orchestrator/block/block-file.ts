import type { Hasher } from '../../circuits/index.js';
import { type Block, collectBlock } from '../../proto/index.js';
import { openBlockFile } from './open-block-file.js';

/** Reads and checks a block file, whole: for small ones. Errors as `parseBlock`, with the file's name in front. */
export async function readBlock(path: string, hasher: Hasher): Promise<Block> {
  const { source, close } = await openBlockFile(path, hasher);
  try {
    return await collectBlock(source.parts());
  } finally {
    await close();
  }
}
