import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { packageRoot } from '../common/index.js';

const schema = z.object({ version: z.string(), dependencies: z.record(z.string(), z.string()) });

/** This package's version, and those of its dependencies, which are pinned: what is declared is what is installed. */
export function readPackageInfo(): z.infer<typeof schema> {
  const path = join(packageRoot(import.meta.url), 'package.json');
  return schema.parse(JSON.parse(readFileSync(path, 'utf8')));
}
