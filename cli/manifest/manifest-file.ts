import { join } from 'node:path';
import { EspalierError, writeFileAtomically } from '../../common/index.js';
import type { Manifest } from './manifest.js';

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
