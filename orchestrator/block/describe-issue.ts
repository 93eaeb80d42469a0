import type { z } from 'zod';

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
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = value === undefined ? 'nothing' : (JSON.stringify(value) ?? String(value));
  return text.length <= SHOWN_CHARS_MAX ? text : `${text.slice(0, SHOWN_CHARS_MAX)}… (${text.length} characters)`;
}

/** An issue as `[message, remedy]`: where and which value, and what is allowed there. */
export function describeIssue(issue: z.core.$ZodIssue, root: unknown): readonly [string, string] {
  const where = describePath(issue.path);
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

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, step) =>
      typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[step] : undefined,
    root,
  );
}
