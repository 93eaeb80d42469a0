import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { packageRoot } from '../common/index.js';
import { tempFolder } from './support/temp-folder.js';

const TRANSACTIONS = 4_000;
const PROOF_BYTES = 32_768;
/** Of the heap, where texts are. */
const HEAP_MB = 80;
/** Of the whole process, where proofs are too. It has 150 MB when it has done nothing but load. */
const MEMORY_BYTES_MAX = 250_000_000;

test('a block larger than memory is written, identified, taken in, stored and read', { timeout: 300_000 }, async () => {
  const program = join(packageRoot(import.meta.url), 'tests', 'fixtures', 'large-block.mjs');
  const args = [`--max-old-space-size=${HEAP_MB}`, program, await tempFolder(), TRANSACTIONS, PROOF_BYTES].map(String);
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  expect(code).toBe(0);
  const { same, read, fileBytes, memoryBytes } = JSON.parse(output);
  expect({ same, read }).toEqual({ same: true, read: TRANSACTIONS });
  expect(fileBytes).toBeGreaterThan(2 * HEAP_MB * 1_000_000);
  expect(memoryBytes).toBeLessThan(MEMORY_BYTES_MAX);
});
