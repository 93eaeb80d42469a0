import type { z } from 'zod';
import { EspalierError } from '../../common/index.js';
import { toHex } from '../field.js';

/** What a path of the block file is called in messages: `transactions` and `calls` go by shorter names. */
const SINGULAR: Readonly<Record<string, string>> = {
  transactions: 'tx',
  calls: 'call',
  contracts: 'contract',
  nullifiers: 'nullifier',
};

const SHOWN_CHARS_MAX = 80;

/** `tx 3, call 1, calldata 2` for a path into a block; indexes count from 0. */
export function describePath(path: readonly PropertyKey[]): string {
  const parts: string[] = [];
  for (const step of path) {
    const last = parts.length - 1;
    if (typeof step === 'number') parts[last] = `${SINGULAR[parts[last] ?? ''] ?? parts[last]} ${step}`;
    else parts.push(String(step));
  }
  return parts.join(', ');
}

/** A value of the file in one short line. */
export function showValue(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (typeof value === 'bigint') return shortened(value < 0n ? String(value) : toHex(value));
  if (typeof value === 'object' && value !== null) return 'an object';
  return shortened(value === undefined ? 'nothing' : (JSON.stringify(value) ?? String(value)));
}

function shortened(text: string): string {
  return text.length <= SHOWN_CHARS_MAX ? text : `${text.slice(0, SHOWN_CHARS_MAX)}… (${text.length} characters)`;
}

/**
 * An issue as `[message, remedy]`: where and which value, and what is allowed there. `place` turns the issue's path, which
 * leads to a value of `root`, into a path of the whole block.
 */
export function describeIssue(
  issue: z.core.$ZodIssue,
  root: unknown,
  place: (path: readonly PropertyKey[]) => readonly PropertyKey[] = (path) => path,
): readonly [string, string] {
  const where = describePath(place(issue.path));
  const prefix = where === '' ? '' : `${where}: `;
  if (issue.code === 'unrecognized_keys') {
    const keys = issue.keys.map((key) => showValue(key)).join(', ');
    return [
      `${prefix}unknown ${issue.keys.length === 1 ? 'field' : 'fields'} ${keys}`,
      'remove it or mend its spelling',
    ];
  }
  const value = valueAt(root, issue.path);
  if (value === undefined) return [`${prefix}missing`, issue.message];
  return [`${prefix}${showValue(value)} is not allowed`, issue.message];
}

/** The refusal of something whose shape is not right: its first fault, and how many more there are. */
export function refusal(
  { issues }: Pick<z.core.$ZodError, 'issues'>,
  root: unknown,
  place?: (path: readonly PropertyKey[]) => readonly PropertyKey[],
): EspalierError {
  const [first, ...others] = issues;
  const [message, remedy] = first === undefined ? ['not a block', ''] : describeIssue(first, root, place);
  const more = others.length === 0 ? '' : ` (and ${others.length} more like it)`;
  return new EspalierError('block-invalid', `${message}${more}`, { remedy });
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, step) =>
      typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[step] : undefined,
    root,
  );
}
