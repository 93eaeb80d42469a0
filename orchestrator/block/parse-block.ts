import type { Hasher } from '../../circuits/index.js';
import { type Block, parseBlockJson, partsOf } from '../../proto/index.js';
import { BlockCheck } from './block-check.js';

/**
 * A block from the parsed JSON of its file, checked in full but for its client proofs and its execution. Throws
 * `block-invalid` or `duplicate-nullifier`; the message names the first thing at fault (`tx 3, call 1: …`, counted from
 * 0) and says how many more there are.
 */
export function parseBlock(json: unknown, hasher: Hasher): Block {
  const block = parseBlockJson(json);
  const check = new BlockCheck(hasher);
  for (const part of partsOf(block)) check.add(part);
  check.finish();
  return block;
}
