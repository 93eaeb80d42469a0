import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EspalierError, writeFileAtomically } from '../../common/index.js';
import { MANIFEST_VERSION, type Manifest, manifestSchema } from './manifest-schema.js';

const MANIFEST_FILE = 'manifest.json';

/** Writes `manifest.json` into a folder that exists; durable when resolved, and never seen half-written. */
export async function writeManifest(folder: string, manifest: Manifest): Promise<void> {
  const path = join(folder, MANIFEST_FILE);
  try {
    await writeFileAtomically(path, manifestText(manifest));
  } catch (error) {
    throw EspalierError.from(error, 'store-unavailable');
  }
}

/**
 * Reads `manifest.json`. Errors: `usage` where the folder has none, `store-corrupt` where it is not a manifest of this
 * version.
 */
export async function readManifest(folder: string): Promise<Manifest> {
  const path = join(folder, MANIFEST_FILE);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new EspalierError('usage', `${path} cannot be read: ${(cause as NodeJS.ErrnoException).code}`, {
      remedy: 'name a folder into which `espalier prove` has finished a block',
      cause,
    });
  }
  return parseManifest(text, path);
}

/** `name` stands for the text in errors. */
export function parseManifest(text: string, name: string): Manifest {
  const remedy = 'run `espalier prove` with the block and this folder again: finished proofs are kept';
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new EspalierError('store-corrupt', `${name} is not JSON: ${(cause as Error).message}`, { remedy, cause });
  }
  const version = (json as { version?: unknown } | null)?.version;
  if (typeof version === 'number' && version !== MANIFEST_VERSION) {
    const message = `${name} has version ${version}, where this espalier reads version ${MANIFEST_VERSION}`;
    throw new EspalierError('store-corrupt', message, { remedy: 'use the espalier that wrote it' });
  }
  const result = manifestSchema.safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const where = issue && issue.path.length > 0 ? `, at ${issue.path.join('.')}` : '';
  throw new EspalierError('store-corrupt', `${name} is not a manifest${where}: ${issue?.message}`, { remedy });
}

/** JSON with one line for each job and circuit, and every other part on lines of its own: to read and to compare. */
export function manifestText(manifest: Manifest): string {
  const { circuits, jobs, ...head } = manifest;
  const list = (rows: readonly unknown[]): string => {
    if (rows.length === 0) return '[]';
    return `[\n${rows.map((row) => `    ${JSON.stringify(row)}`).join(',\n')}\n  ]`;
  };
  const opening = JSON.stringify(head, null, 2).replace(/\n}$/, '');
  return `${opening},\n  "circuits": ${list(circuits)},\n  "jobs": ${list(jobs)}\n}\n`;
}
