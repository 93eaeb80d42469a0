import type { Hasher } from '../../circuits/index.js';
import { EspalierError } from '../../common/index.js';
import type { Block } from '../../proto/index.js';
import { checkBlock } from './check.js';
import { describeIssue } from './describe-issue.js';
import { blockSchema } from './schema.js';

/**
 * A block from the parsed JSON of its file, checked in full but for its client proofs and its execution. Throws
 * `block-invalid` or `duplicate-nullifier`; the message names the first thing at fault (`tx 3, call 1: …`, counted from
 * 0) and says how many more there are.
 */
export function parseBlock(json: unknown, hasher: Hasher): Block {
  const parsed = blockSchema.safeParse(json);
  if (!parsed.success) {
    const [first, ...others] = parsed.error.issues;
    const [message, remedy] = first === undefined ? ['not a block', ''] : describeIssue(first, json);
    const more = others.length === 0 ? '' : ` (and ${others.length} more like it)`;
    throw new EspalierError('block-invalid', `${message}${more}`, { remedy });
  }
  checkBlock(parsed.data, hasher);
  return parsed.data;
}
