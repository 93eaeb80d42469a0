import type { Block } from '../block.js';
import { textSchemas } from './block-schema.js';
import { refusal } from './describe-issue.js';

/**
 * A block from the parsed JSON of a file of one text: its syntax and sizes are checked, what must hold between its parts
 * is not. Throws `block-invalid`; the message names the first thing at fault and says how many more there are.
 */
export function parseBlockJson(json: unknown): Block {
  const parsed = textSchemas.block.safeParse(json);
  if (parsed.success) return parsed.data;
  throw refusal(parsed.error, json);
}
