import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { dirname } from 'node:path';
import type { z } from 'zod';
import { makeFolder, writeFileAtomically } from '../../common/index.js';

/** Tells machines that share one cache folder apart, as far as proving times go: by processor and cores. */
export function machineTag(): string {
  const { arch, platform } = process;
  const kind = [platform, arch, cpus()[0]?.model ?? '', availableParallelism()];
  return createHash('sha256').update(JSON.stringify(kind)).digest('hex').slice(0, 12);
}

/** What a file of the cache holds; `empty` where it is missing, cut off, or of another version. */
export async function readCached<T>(path: string, schema: z.ZodType<T>, empty: T): Promise<T> {
  try {
    return schema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return empty;
  }
}

/** Writes a file of the cache whole or not at all. A cache that cannot be written costs time, and nothing else. */
export async function writeCached(path: string, content: unknown): Promise<void> {
  try {
    await makeFolder(dirname(path));
    await writeFileAtomically(path, Buffer.from(`${JSON.stringify(content, null, 1)}\n`));
  } catch {
    // Measured again the next time.
  }
}
