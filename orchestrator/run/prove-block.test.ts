import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { EspalierError } from '../../common/index.js';
import type { JobId, RunEventBody } from '../../proto/index.js';
import { type BlobStore, FileBlobStore, MemoryBlobStore, ProofStore } from '../../store/index.js';
import { BlockBench, falseProof } from '../../tests/support/block-run.js';
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

describe('a full disk', () => {
  it('fails the block at once', async () => {
    const blobs = new MemoryBlobStore();
    const full: BlobStore = {
      put: (key) => Promise.reject(new EspalierError('disk-full', `no space left for ${key}`)),
      get: (key) => blobs.get(key),
      has: (key) => blobs.has(key),
      delete: (key) => blobs.delete(key),
      list: (prefix) => blobs.list(prefix),
    };
    const { error, events } = await bench.run({ blobs: full, journal });
    expect(error).toMatchObject({ code: 'disk-full' });
    expect(retried(events)).toEqual([]);
  });
});

describe('a stored proof that is whole and false', () => {
  let blobs: MemoryBlobStore;
  let proofs: ProofStore;

  beforeEach(() => {
    blobs = new MemoryBlobStore();
    proofs = new ProofStore(blobs);
  });

  /** Returns the true proof. */
  async function falsify(jobId: JobId): Promise<Uint8Array> {
    const record = await proofs.getProof(jobId);
    if (record === undefined) throw new Error(`${jobId} is not stored`);
    await proofs.putProof({ ...record, proof: falseProof(record.proof) });
    return record.proof;
  }

  it('is proven again when it is the root of an earlier run', async () => {
    const { tree } = bench.prepared;
    const rootId = tree.jobId(tree.root);
    const first = await bench.run({ blobs, journal, keepProofs: true });
    await falsify(rootId);
    const second = await bench.run({ blobs, journal, keepProofs: true });
    expect(second.root?.proof).toEqual(first.root?.proof);
    expect(second.proven).toEqual(['root-rollup']);
    expect(corrupt(second.events)).toEqual([{ jobId: rootId, message: expect.stringContaining('does not verify') }]);
  });

  it('is found out by the job that can make no proof over it, and is proven again', async () => {
    const { tree } = bench.prepared;
    const baseId = tree.jobId(tree.baseJob(1));
    let truth: Promise<Uint8Array> | undefined;
    const { root, events, proven, error } = await bench.run({
      blobs,
      journal,
      onEvent: (event) => {
        if (event.kind === 'job-proven' && event.jobId === baseId) truth ??= falsify(baseId);
      },
      mayProve: async (circuit) => {
        if (circuit !== 'root-rollup') return true;
        const found = await proofs.getProof(baseId);
        return found !== undefined && Buffer.from(found.proof).equals((await truth) ?? new Uint8Array());
      },
    });
    expect(error).toBeUndefined();
    expect(root?.jobId).toBe(tree.jobId(tree.root));
    expect(retried(events)).toEqual(['proof-invalid']);
    expect(corrupt(events)).toEqual([{ jobId: baseId, message: expect.stringContaining('does not verify') }]);
    // The root and the base, and with the base the kernel and the VM call whose proofs it had replaced.
    expect(proven.filter((circuit) => circuit === 'root-rollup')).toHaveLength(2);
    expect(proven).toHaveLength(tree.size + 4);
  });
});

describe('a run that ends early', () => {
  let blobs: MemoryBlobStore;
  beforeEach(() => {
    blobs = new MemoryBlobStore();
  });

  it.each([0, 1])(
    'makes nothing after it was cancelled while it looked at the %i. of the proofs it found',
    async (nth) => {
      await bench.run({ blobs, journal, keepProofs: true });
      const { tree } = bench.prepared;
      await new ProofStore(blobs).deleteProof(tree.jobId(tree.root));
      const stopping = new AbortController();
      let reads = 0;
      const watched: BlobStore = {
        put: (key, bytes) => blobs.put(key, bytes),
        get: (key) => {
          if (reads === nth) stopping.abort();
          reads += 1;
          return blobs.get(key);
        },
        has: (key) => blobs.has(key),
        delete: (key) => blobs.delete(key),
        list: (prefix) => blobs.list(prefix),
      };
      const { error, events, proven, left } = await bench.run({ blobs: watched, journal, signal: stopping.signal });
      expect(error).toMatchObject({ code: 'cancelled', remedy: expect.stringContaining('again') });
      // The root, or the root and its two children, which are looked at together.
      expect(reads).toBe(nth === 0 ? 1 : 3);
      expect([events, proven, left]).toEqual([[], [], 0]);
    },
  );

  it('keeps what it has proven when it is cancelled, and leaves nothing in the queue', async () => {
    const stopping = new AbortController();
    const { error, left } = await bench.run({
      blobs,
      journal,
      signal: stopping.signal,
      onEvent: ({ kind }) => kind === 'job-proven' && stopping.abort(),
    });
    expect(error).toMatchObject({ code: 'cancelled' });
    expect(left).toBe(0);
    expect(journal.entries.size).toBeGreaterThan(0);
  });

  it('fails with the reason when its journal cannot be written, and leaves nothing in the queue', async () => {
    const closed = await RunJournal.open(join(folder, 'closed.jsonl'));
    await closed.close();
    const { error, events, left } = await bench.run({ blobs, journal: closed });
    expect(error).toMatchObject({ code: 'store-unavailable', message: expect.stringMatching(/closed|EBADF/) });
    expect(events.map(({ kind }) => kind)).not.toContain('job-proven');
    expect(left).toBe(0);
  });
});

describe('a run after another', () => {
  let blobs: MemoryBlobStore;
  beforeEach(() => {
    blobs = new MemoryBlobStore();
  });

  /** Stops after so many proofs. */
  async function runUntil(proofs: number, keepProofs = false): Promise<void> {
    const stopping = new AbortController();
    let count = 0;
    const onEvent = ({ kind }: RunEventBody) => {
      if (kind !== 'job-proven') return;
      count += 1;
      if (count === proofs) stopping.abort();
    };
    const { error } = await bench.run({ blobs, journal, keepProofs, signal: stopping.signal, onEvent });
    expect(error).toMatchObject({ code: 'cancelled' });
  }

  async function storedIds(): Promise<readonly JobId[]> {
    const ids: JobId[] = [];
    for await (const jobId of new ProofStore(blobs).listProofs()) ids.push(jobId);
    return ids;
  }

  it.each([1, 4, 7])('proves nothing twice when the first was stopped after %i proofs', async (proofs) => {
    const { tree } = bench.prepared;
    await runUntil(proofs);
    const { root, events } = await bench.run({ blobs, journal });
    expect(root?.jobId).toBe(tree.jobId(tree.root));
    const found = events.flatMap((event) => (event.kind === 'planned' ? [event.alreadyProven] : []))[0];
    expect(found).toBeGreaterThanOrEqual(proofs);
    expect(events.filter(({ kind }) => kind === 'job-proven')).toHaveLength(tree.size - (found ?? 0));
    expect(journal.entries.size).toBe(tree.size);
    expect([...journal.entries.values()].map((entry) => entry.proofs)).toEqual(new Array(tree.size).fill(1));
    expect(await storedIds()).toEqual([tree.jobId(tree.root)]);
  });

  it('proves nothing at all when the first one finished', async () => {
    const first = await bench.run({ blobs, journal });
    const second = await bench.run({ blobs, journal });
    expect(second.root).toEqual(first.root);
    expect(second.proven).toEqual([]);
    expect(second.events.map(({ kind }) => kind)).toEqual(['planned', 'block-proven']);
  });

  it('deletes what the first one was told to keep, unless that one had finished', async () => {
    const { tree } = bench.prepared;
    await runUntil(5, true);
    expect((await storedIds()).length).toBeGreaterThanOrEqual(5);
    await bench.run({ blobs, journal });
    expect(await storedIds()).toEqual([tree.jobId(tree.root)]);

    blobs = new MemoryBlobStore();
    await bench.run({ blobs, journal, keepProofs: true });
    expect(await storedIds()).toHaveLength(tree.size);
    await bench.run({ blobs, journal });
    expect(await storedIds()).toHaveLength(tree.size);
  });
});

describe('a child proof that is lost', () => {
  it('is proven again, with what it takes, and the block ends', async () => {
    const { tree } = bench.prepared;
    const blobs = new MemoryBlobStore();
    const baseId = tree.jobId(tree.baseJob(1));
    let lost = false;
    const { root, events, proven } = await bench.run({
      blobs,
      journal,
      onEvent: (event) => {
        if (lost || event.kind !== 'job-proven' || event.jobId !== baseId) return;
        lost = true;
        // Gone before its parent is queued: a deletion in memory takes effect at once.
        void new ProofStore(blobs).deleteProof(baseId);
      },
    });
    expect(root?.jobId).toBe(tree.jobId(tree.root));
    expect(retried(events)).toEqual(['store-corrupt']);
    expect(corrupt(events)).toEqual([{ jobId: baseId, message: expect.stringContaining('not in the store') }]);
    // Besides the base, its kernel and VM call, whose proofs it had replaced. The root could not begin without it.
    expect(proven).toHaveLength(tree.size + 3);
    expect(journal.entries.get(baseId)?.proofs).toBe(2);
  });
});

function corrupt(events: readonly RunEventBody[]) {
  return events.flatMap((event) =>
    event.kind === 'proof-corrupt' ? [{ jobId: event.jobId, message: event.message }] : [],
  );
}

function retried(events: readonly RunEventBody[]) {
  return events.flatMap((event) => (event.kind === 'job-retried' ? [event.error.code] : []));
}
