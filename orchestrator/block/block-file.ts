import type { Hasher } from '../../circuits/index.js';
import { EspalierError } from '../../common/index.js';
import { type Block, collectBlock, readBlockParts } from '../../proto/index.js';
import { BlockCheck } from './block-check.js';

/** Reads and checks a block file, whole: for small ones. Errors as `parseBlock`, with the file's name in front. */
export async function readBlock(path: string, hasher: Hasher): Promise<Block> {
  const check = new BlockCheck(hasher);
  const block = await collectBlock(checked());
  inFile(path, () => check.finish());
  return block;

  async function* checked() {
    for await (const part of readBlockParts(path)) {
      inFile(path, () => check.add(part));
      yield part;
    }
  }
}

/** Puts the name of the file in front of a fault. */
export function inFile<T>(path: string, run: () => T): T {
  try {
    return run();
  } catch (thrown) {
    const { code, message, remedy } = EspalierError.from(thrown);
    throw new EspalierError(code, `${path}: ${message}`, remedy === undefined ? {} : { remedy });
  }
}
