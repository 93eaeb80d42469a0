import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FileBlobStore } from '../../store/index.js';
import { BlockBench } from '../../tests/support/block-run.js';
import { tempFolder } from '../../tests/support/temp-folder.js';
import { RunJournal } from './run-journal.js';

/** Three VM jobs, three kernels, two bases and the root. */
const CALLS = [2, 1];

let bench: BlockBench;
let folder: string;
let journal: RunJournal;

beforeAll(async () => {
  bench = await BlockBench.create(CALLS);
});

beforeEach(async () => {
  folder = await tempFolder();
  journal = await RunJournal.open(join(folder, 'journal.jsonl'));
  return () => journal.close();
});

describe('a store that goes away', () => {
  it('fails the block with its own error once the retries are used up', async () => {
    const stored = join(folder, 'store');
    const blobs = await FileBlobStore.open(stored);
    const { error, events, left } = await bench.run({
      blobs,
      journal,
      onEvent: ({ kind }) => {
        if (kind !== 'job-proven') return;
        rmSync(stored, { recursive: true, force: true });
        writeFileSync(stored, 'a file where the folder was');
      },
    });
    expect(error).toMatchObject({ code: 'store-unavailable', message: expect.stringContaining(stored) });
    expect(events.filter(({ kind }) => kind === 'block-failed')).toHaveLength(1);
    expect(left).toBe(0);
  });
});
