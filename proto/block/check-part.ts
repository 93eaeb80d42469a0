import type { BlockPart } from '../block-part.js';
import { valueSchemas } from './block-schema.js';
import { refusal } from './describe-issue.js';
import type { PartSequence } from './part-sequence.js';

/**
 * A part whose origin is not to be trusted: every value in range, every list within its bound, in its place. Throws
 * `block-invalid`, which names the place in the whole block.
 */
export function checkPart(part: BlockPart, sequence: PartSequence): BlockPart {
  const checked = valueSchemas.part.safeParse(part);
  if (!checked.success) throw refusal(checked.error, part, (path) => placeInBlock(part.kind, path, sequence));
  sequence.add(checked.data);
  return checked.data;
}

/** The path in a block of what is at a path of a part, which follows on what `before` counted. */
export function placeInBlock(
  kind: BlockPart['kind'],
  path: readonly PropertyKey[],
  before: PartSequence,
): readonly PropertyKey[] {
  const [list, index, ...rest] = path;
  const isCounted = list === 'storage' || list === 'nullifiers' || list === 'contracts' || list === 'transactions';
  const place = isCounted && typeof index === 'number' ? [list, before[list] + index, ...rest] : path;
  return kind === 'state' && list !== 'kind' ? ['start', ...place] : place;
}
