import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LIMITS, type ProofRecord, toHex } from '../proto/index.js';
import { encodeFrame } from './frame.js';
import { MemoryBlobStore } from './memory-blob-store.js';
import { ProofStore } from './proof-store.js';

const id = 'merge-rollup.1.0.00112233445566778899aabbccddeeff';

const record: ProofRecord = {
  jobId: id,
  circuit: 'merge-rollup',
  proof: Uint8Array.from({ length: 13_120 }, (_, index) => index % 251),
  publicInputs: [toHex(1n), toHex(2n)],
  keyHash: toHex(3n),
  prover: { kind: 'native', version: '5.0.0', srs: 'development' },
  workerId: 'w1',
  startedAtMs: 1_700_000_000_000,
  finishedAtMs: 1_700_000_012_500.5,
  threads: 2,
  usage: { wallMs: 12_500.5, cpuMs: null, peakMemoryBytes: 900_000_000 },
  timings: { queuedMs: 1, witnessMs: 2, proveMs: 12_000, verifyMs: 20, storeMs: 3 },
  attempts: 1,
  signature: null,
};

const inputs = { public: { root: '0x1f', flags: [true, false] }, siblings: [['0x00', '0x01'], []] };

function newStore(): { blobs: MemoryBlobStore; store: ProofStore } {
  const blobs = new MemoryBlobStore();
  return { blobs, store: new ProofStore(blobs) };
}

async function frameOf(key: 'proofs' | 'inputs'): Promise<Uint8Array> {
  const { blobs, store } = newStore();
  await store.putProof(record);
  await store.putInputs(id, inputs);
  return (await blobs.get(`${key}/${id}`)) ?? new Uint8Array();
}

/** What comes of reading these bytes in the place of a proof. */
async function readAsProof(bytes: Uint8Array): Promise<ProofRecord | undefined> {
  const { blobs, store } = newStore();
  await blobs.put(`proofs/${id}`, bytes);
  return store.getProof(id);
}

const corrupt = (message: RegExp) => ({ code: 'store-corrupt', message: expect.stringMatching(message) });

describe('proofs', () => {
  test('come back with all that made them', async () => {
    const { blobs, store } = newStore();
    await store.putProof(record);
    expect(await store.getProof(id)).toEqual(record);
    expect(await store.hasProof(id)).toBe(true);
    const { proof: _proof, publicInputs: _publicInputs, ...summary } = record;
    expect(await store.getSummary(id)).toEqual(summary);
    expect((await blobs.get(`proofs/${id}`))?.length).toBeLessThan(record.proof.length + 1_000);
  });

  test('that are not there are undefined', async () => {
    const { store } = newStore();
    expect(await store.getProof(id)).toBeUndefined();
    expect(await store.getSummary(id)).toBeUndefined();
    expect(await store.hasProof(id)).toBe(false);
    await store.deleteProof(id);
  });

  test('are listed by job id, and gone when deleted', async () => {
    const { store } = newStore();
    for (const jobId of ['b', 'a', 'c']) await store.putProof({ ...record, jobId });
    await store.putInputs('d', inputs);
    await store.deleteProof('c');
    const ids: string[] = [];
    for await (const jobId of store.listProofs()) ids.push(jobId);
    expect(ids).toEqual(['a', 'b']);
  });

  test.each<[string, Partial<ProofRecord>, RegExp]>([
    ['too long a proof', { proof: new Uint8Array(LIMITS.proofBytesMax + 1) }, /32769 bytes/],
    ['a public input that is no field element', { publicInputs: [toHex(1n), '12'] }, /publicInputs\.1/],
    ['a time that is no number', { startedAtMs: Number.NaN }, /startedAtMs/],
  ])('are refused on the way in: %s', async (_what, change, message) => {
    const { store } = newStore();
    const put = store.putProof({ ...record, ...change });
    await expect(put).rejects.toMatchObject({ code: 'internal', message: expect.stringMatching(message) });
    expect(await store.hasProof(id)).toBe(false);
  });

  test('of the largest size fit', async () => {
    const { store } = newStore();
    const proof = new Uint8Array(LIMITS.proofBytesMax).fill(1);
    await store.putProof({ ...record, proof });
    expect((await store.getProof(id))?.proof).toEqual(proof);
  });
});

describe('a stored proof that is damaged', () => {
  test('by a flipped bit anywhere is refused, naming the job', async () => {
    const frame = await frameOf('proofs');
    await fc.assert(
      fc.asyncProperty(fc.nat(frame.length - 1), fc.nat(7), async (at, bit) => {
        const damaged = frame.slice();
        damaged[at] = (damaged[at] ?? 0) ^ (1 << bit);
        await expect(readAsProof(damaged)).rejects.toMatchObject(corrupt(new RegExp(id)));
      }),
    );
  });

  test('by being cut or prolonged is refused', async () => {
    const frame = await frameOf('proofs');
    for (const length of [0, 1, 8, 12, 44, 47, 48, 100, frame.length - 1]) {
      await expect(readAsProof(frame.subarray(0, length))).rejects.toMatchObject(corrupt(/short|checksum/));
    }
    await expect(readAsProof(Buffer.concat([frame, Buffer.of(0)]))).rejects.toMatchObject(corrupt(/checksum/));
  });

  test('or is something else altogether is refused, whatever it is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200, size: 'max' }), async (bytes) => {
        await expect(readAsProof(bytes)).rejects.toMatchObject(corrupt(/short|not written by/));
      }),
    );
  });

  test('is still seen, listed and deleted', async () => {
    const { blobs, store } = newStore();
    await blobs.put(`proofs/${id}`, Uint8Array.of(1));
    expect(await store.hasProof(id)).toBe(true);
    await store.deleteProof(id);
    expect(await store.hasProof(id)).toBe(false);
  });
});

describe('a stored proof whose checksum is right', () => {
  const { proof, ...header } = record;

  test.each<[string, object, RegExp]>([
    ['of another job', { ...header, jobId: 'root-rollup.0' }, /that of job root-rollup\.0/],
    ['of an unknown circuit', { ...header, circuit: 'tax-return' }, /circuit/],
    ['without its prover', { ...header, prover: undefined }, /prover/],
    ['with a field nobody knows', { ...header, extra: 1 }, /extra/],
    ['with no attempt', { ...header, attempts: 0 }, /attempts/],
    ['with a million public inputs', { ...header, publicInputs: Array(1_000_000).fill('0x') }, /publicInputs/],
    ['with a header that is no object', [], /header/],
  ])('is refused all the same: %s', async (_what, changed, message) => {
    await expect(readAsProof(encodeFrame({ header: changed, body: proof }))).rejects.toMatchObject(corrupt(message));
  });

  test('is refused when it is too long', async () => {
    const body = new Uint8Array(LIMITS.proofBytesMax + 1);
    await expect(readAsProof(encodeFrame({ header, body }))).rejects.toMatchObject(corrupt(/bytes/));
  });

  test('is refused when it is of a version to come', async () => {
    const frame = (await frameOf('proofs')).slice();
    frame[11] = 2;
    await expect(readAsProof(frame)).rejects.toMatchObject(corrupt(/version 2/));
  });
});

describe('inputs', () => {
  test('come back as they went in', async () => {
    const { store } = newStore();
    expect(await store.getInputs(id)).toBeUndefined();
    await store.putInputs(id, inputs);
    expect(await store.getInputs(id)).toEqual(inputs);
    expect(await store.hasInputs(id)).toBe(true);
    await store.deleteInputs(id);
    expect(await store.getInputs(id)).toBeUndefined();
    expect(await store.hasInputs(id)).toBe(false);
  });

  test('are listed by job id, proofs apart', async () => {
    const { store } = newStore();
    for (const jobId of ['b', 'a']) await store.putInputs(jobId, inputs);
    await store.putProof(record);
    const ids: string[] = [];
    for await (const jobId of store.listInputs()) ids.push(jobId);
    expect(ids).toEqual(['a', 'b']);
  });

  test('that are damaged, or those of another job, are refused', async () => {
    const { blobs, store } = newStore();
    const damaged = (await frameOf('inputs')).slice();
    damaged[damaged.length - 1] = 0;
    await blobs.put(`inputs/${id}`, damaged);
    await expect(store.getInputs(id)).rejects.toMatchObject(corrupt(/checksum/));
    await blobs.put('inputs/other', await frameOf('inputs'));
    await expect(store.getInputs('other')).rejects.toMatchObject(corrupt(new RegExp(`job other.*job ${id}`)));
  });

  test.each([
    ['no JSON', '{'],
    ['no struct', '[]'],
    ['a number', '{"a":1}'],
    ['text that is no number', '{"a":"0xzz"}'],
    ['null', '{"a":null}'],
    ['nesting without end', `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
  ])('that hold %s are refused', async (_what, text) => {
    const { blobs, store } = newStore();
    await blobs.put(`inputs/${id}`, encodeFrame({ header: { jobId: id }, body: Buffer.from(text) }));
    await expect(store.getInputs(id)).rejects.toMatchObject(corrupt(new RegExp(id)));
  });

  test('are refused on the way in when they would be on the way out', async () => {
    const { store } = newStore();
    await expect(store.putInputs(id, { a: '12' })).rejects.toMatchObject({ code: 'internal' });
  });
});
