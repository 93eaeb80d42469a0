import { z } from 'zod';

/** Why something stored cannot be used, in one line. */
export function reasonOf(error: unknown): string {
  if (error instanceof z.ZodError) {
    const issue = error.issues[0];
    return `${issue?.path.join('.') || 'its header'}: ${issue?.message ?? 'malformed'}`;
  }
  return error instanceof Error ? error.message : String(error);
}

/** What a check throws, as a reason; undefined when it passes. */
export function findFault(check: () => unknown): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    return reasonOf(error);
  }
}
