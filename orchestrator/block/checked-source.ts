import type { Hasher } from '../../circuits/index.js';
import { EspalierError } from '../../common/index.js';
import { type BlockPart, type BlockSource, PartSequence } from '../../proto/index.js';
import { BlockCheck } from './block-check.js';

/**
 * A source whose parts are checked while they pass, each time that they are read, since whoever writes to a store may
 * change them in between: their order, what must hold between them, and at the end whether they are the block that the
 * source says. `parts` rejects with `block-invalid` or `duplicate-nullifier`, at its end at the latest.
 */
export function checkedSource(source: BlockSource, hasher: Hasher): BlockSource {
  const { id, outline } = source;
  return {
    id,
    outline,
    parts: () => checkedParts(source, hasher),
    transaction: (index) => source.transaction(index),
  };
}

async function* checkedParts(source: BlockSource, hasher: Hasher): AsyncGenerator<BlockPart> {
  const check = new BlockCheck(hasher);
  const sequence = new PartSequence();
  for await (const part of source.parts()) {
    sequence.add(part);
    check.add(part);
    yield part;
  }
  sequence.end();
  const { blockId } = check.finish().facts;
  if (blockId === source.id) return;
  throw new EspalierError('block-invalid', `what is stored as block ${source.id} is block ${blockId}`, {
    remedy: 'submit the block again',
  });
}
