import type { z } from 'zod';
import { EspalierError } from '../common/index.js';

/** What comes out of Redis is read from a network. Throws `store-corrupt` for what is not of this form. */
export function readJson<T>(schema: z.ZodType<T>, json: string | null | undefined, what: string): T {
  let value: unknown;
  try {
    value = JSON.parse(json ?? '');
  } catch (cause) {
    throw new EspalierError('store-corrupt', `${what}: not JSON`, { cause });
  }
  return checkForm(schema, value, what);
}

/** As `readJson`, of a value. */
export function checkForm<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new EspalierError('store-corrupt', `${what}: ${issue?.path.join('.') || 'it'}: ${issue?.message}`);
}
