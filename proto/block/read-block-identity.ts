import { readBlockParts } from './block-file.js';
import { type BlockFacts, BlockIdentity } from './block-identity.js';

/**
 * What a block file holds, without holding it: syntax, sizes and order are checked, what must hold between its parts is
 * for whoever takes the block in. Rejects as `readBlockParts` does.
 */
export async function readBlockIdentity(path: string): Promise<BlockFacts> {
  const identity = new BlockIdentity();
  for await (const part of readBlockParts(path)) identity.add(part);
  return identity.finish();
}
