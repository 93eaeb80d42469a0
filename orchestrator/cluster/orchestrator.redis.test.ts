import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type Block, type BlockId, blockId, partsOf, type RunEventBody, sourceOf } from '../../proto/index.js';
import { blockPieces } from '../../tests/support/block-pieces.js';
import { falseProof } from '../../tests/support/block-run.js';
import { type BenchOrchestrator, ClusterBench } from '../../tests/support/cluster-bench.js';
import { simulatedBlock } from '../../tests/support/simulated-block.js';
import { checkRoot, type PreparedBlock, prepareBlock } from '../run/index.js';
import { forgetBlock } from './forget-block.js';
import { submitBlock, submitParts } from './submit-block.js';

/** Three VM jobs, three kernels, three bases, a merge and the root: 11. */
const CALLS = [2, 1, 0];

let bench: ClusterBench;
let block: Block;
let prepared: PreparedBlock;

beforeAll(async () => {
  bench = await ClusterBench.start();
  block = await simulatedBlock(bench.engine, CALLS);
  prepared = await prepareBlock(sourceOf(block), bench.engine, {});
});
afterEach(() => bench.clear());
afterAll(() => bench.stop());

const rootId = () => prepared.tree.jobId(prepared.tree.root);

function eventsOf<K extends RunEventBody['kind']>({ events }: BenchOrchestrator, kind: K, id?: BlockId) {
  return events.flatMap(({ event, blockId: of }) =>
    event.kind === kind && (id === undefined || of === id) ? [event as RunEventBody & { kind: K }] : [],
  );
}

/** Waits until so many proofs of this orchestrator's blocks were accepted. */
async function accepted(orchestrator: BenchOrchestrator, count: number): Promise<void> {
  await expect
    .poll(() => eventsOf(orchestrator, 'job-proven').length, { timeout: 20_000, interval: 5 })
    .toBeGreaterThanOrEqual(count);
}

describe('a block of a cluster', () => {
  it('is proven, credited, and leaves its root and its result', async () => {
    const orchestrator = await bench.orchestrator();
    await bench.worker();
    const id = await bench.submit(block);
    const result = await bench.ended(id);
    expect(result).toMatchObject({
      blockId: id,
      state: 'proven',
      transactions: 3,
      calls: 3,
      jobs: prepared.tree.size,
      rootId: rootId(),
      error: null,
      failedJob: null,
    });
    const root = await bench.proofs.getProof(rootId());
    if (root === undefined) throw new Error('the root is not in the store');
    await checkRoot(bench.engine, prepared, root);
    expect(await bench.blocks.getCredits(id)).toHaveLength(prepared.tree.size);
    expect(eventsOf(orchestrator, 'job-proven')).toHaveLength(prepared.tree.size);
    expect(eventsOf(orchestrator, 'block-proven')).toMatchObject([{ blockId: id, proven: prepared.tree.size }]);
    expect((await bench.stored()).filter((key) => !/^(results|blocks)\//.test(key))).toEqual([`proofs/${rootId()}`]);
    expect(orchestrator.faults).toEqual([]);
    expect(await bench.keysLeft()).toEqual([]);
    // What came too late to be swept up.
    const { tree, inputs } = prepared;
    await bench.proofs.putProof({ ...root, jobId: tree.jobId(0) });
    await bench.proofs.putProof({ ...root, jobId: tree.clientProofId(0) });
    await bench.proofs.putInputs(tree.jobId(0), inputs.of(0));
    await forgetBlock(id, bench);
    expect(await bench.stored()).toEqual([]);
  });

  it('fails with its own fault, and the others go on', async () => {
    const orchestrator = await bench.orchestrator();
    await bench.worker();
    const other = await simulatedBlock(bench.engine, [1], 7);
    const [first] = other.transactions;
    if (first === undefined) throw new Error('the block has a transaction');
    const clientProof = { ...first.clientProof, proof: first.clientProof.proof.map((byte) => byte ^ 1) };
    const bad = await bench.submit({ ...other, transactions: [{ ...first, clientProof }] });
    const good = await bench.submit(block);
    expect(await bench.ended(bad)).toMatchObject({ state: 'failed', error: { code: 'client-proof-invalid' }, jobs: 0 });
    expect(await bench.ended(good)).toMatchObject({ state: 'proven' });
    expect(eventsOf(orchestrator, 'block-failed', bad)).toHaveLength(1);
    await forgetBlock(bad, bench);
    expect((await bench.stored()).filter((key) => key.includes(bad))).toEqual([]);
  });

  it('has a false root proven again, before what it was made of is deleted', async () => {
    const orchestrator = await bench.orchestrator();
    const { proofs } = bench;
    const putProof = proofs.putProof.bind(proofs);
    let falsified = 0;
    proofs.putProof = (record) => {
      if (record.jobId !== rootId() || falsified > 0) return putProof(record);
      falsified += 1;
      return putProof({ ...record, proof: falseProof(record.proof) });
    };
    onTestFinished(() => {
      proofs.putProof = putProof;
    });
    await bench.worker();
    const id = await bench.submit(block);
    expect(await bench.ended(id)).toMatchObject({ state: 'proven' });
    expect(falsified).toBe(1);
    expect(eventsOf(orchestrator, 'proof-corrupt')).toMatchObject([{ jobId: rootId() }]);
    expect(eventsOf(orchestrator, 'job-retried')).toMatchObject([{ jobId: rootId(), attempt: 1 }]);
    expect(eventsOf(orchestrator, 'job-proven')).toHaveLength(prepared.tree.size);
  });

  it('fails where what is stored is another', async () => {
    await bench.orchestrator();
    const other = await simulatedBlock(bench.engine, [1], 7);
    await submitBlock(block, {
      board: bench.board,
      blocks: {
        putBlock: (wanted) => bench.blocks.putBlock({ ...blockPieces(other), outline: wanted.outline }),
        hasBlock: (id) => bench.blocks.hasBlock(id),
      },
    });
    const { error } = await bench.ended(blockId(block));
    expect(error).toMatchObject({ code: 'block-invalid', message: expect.stringContaining(blockId(other)) });
  });
});

describe('a block that is cancelled', () => {
  it('gives back its workers within a second, and goes on from its proofs when it is submitted again', async () => {
    const orchestrator = await bench.orchestrator();
    const worker = await bench.worker();
    worker.hold(3);
    const id = await bench.submit(block);
    await accepted(orchestrator, 3);
    await expect.poll(() => worker.holding, { interval: 5 }).toBeGreaterThan(0);
    const cancelledAtMs = performance.now();
    await bench.board.cancel(id);
    await expect.poll(() => worker.aborted, { interval: 5 }).toBeGreaterThan(0);
    expect(performance.now() - cancelledAtMs).toBeLessThan(1_000);
    expect(await bench.ended(id)).toMatchObject({ state: 'cancelled', error: null });
    expect((await bench.stored()).filter((key) => /^inputs|^proofs.client/.test(key))).toEqual([]);
    worker.release();

    const before = eventsOf(orchestrator, 'job-proven').length;
    await bench.submit(block);
    expect(await bench.ended(id)).toMatchObject({ state: 'proven' });
    const [, planned] = eventsOf(orchestrator, 'planned');
    expect(planned?.alreadyProven).toBeGreaterThanOrEqual(before);
    expect(eventsOf(orchestrator, 'job-proven').length).toBeLessThanOrEqual(prepared.tree.size);
    await forgetBlock(id, bench);
    expect(await bench.stored()).toEqual([]);
  });

  it('keeps who proved what, though the proofs are gone when it is submitted again', async () => {
    const id = await bench.submit(block);
    const { submittedAtMs } = (await bench.board.find(id)) ?? { submittedAtMs: 0 };
    await bench.orchestrator();
    const worker = await bench.worker();
    await bench.ended(id);
    const credits = await bench.blocks.getCredits(id);
    // As if it had been cancelled when a job above those of the leaves was proven: theirs are gone by then.
    const { tree, lineageSeed } = prepared;
    const leaves = [0, 1, 2].map((job) => tree.jobId(job));
    const gone = credits.filter(({ jobId }) => leaves.includes(jobId));
    const early = gone.map((summary) => ({ ...summary, workerId: 'machine.earlier' }));
    await bench.proofs.deleteProof(rootId());
    const counts = { transactions: 3, calls: 3, jobs: tree.size, submittedAtMs, endedAtMs: submittedAtMs };
    const nothing = { rootId: null, error: null, failedJob: null, lineageSeed };
    const foreign = { ...early[0], jobId: 'public-vm.9.9.elsewhere' } as (typeof early)[number];
    await bench.blocks.putResult({ blockId: id, state: 'cancelled', ...counts, ...nothing }, [...early, foreign]);
    worker.hold();
    await bench.submit(block);
    await expect
      .poll(async () => (await bench.board.credits(id)).length, { interval: 5, timeout: 10_000 })
      .toBe(leaves.length);
    const workers = (await bench.board.credits(id)).map(({ jobId, workerId }) => [jobId, workerId]);
    expect(workers.toSorted()).toEqual(leaves.map((jobId) => [jobId, 'machine.earlier']).toSorted());
    worker.release();
    expect(await bench.ended(id)).toMatchObject({ state: 'proven' });
    expect(await bench.blocks.getCredits(id)).toHaveLength(tree.size);
  });

  it('is submitted again when it is gone', async () => {
    const id = await bench.submit(block);
    await bench.board.cancel(id);
    const again = submitBlock(block, bench);
    await bench.orchestrator();
    await bench.worker();
    expect(await again).toBe('submitted');
    expect(await bench.ended(id)).toMatchObject({ state: 'proven' });
  });

  it('leaves nothing when it is forgotten', async () => {
    const orchestrator = await bench.orchestrator();
    const worker = await bench.worker();
    const id = await bench.submit(block);
    await accepted(orchestrator, 4);
    worker.hold();
    await bench.board.cancel(id);
    expect(await bench.ended(id)).toMatchObject({ state: 'cancelled' });
    await expect(forgetBlock('0'.repeat(64), bench)).rejects.toMatchObject({ code: 'block-unknown' });
    await forgetBlock(id, bench);
    expect(await bench.stored()).toEqual([]);
  });

  it('ends at once when its owner had gone, and its jobs leave the queue', async () => {
    const first = await bench.orchestrator();
    const worker = await bench.worker({ held: true });
    const id = await bench.submit(block);
    await expect.poll(() => worker.begun, { interval: 5 }).toBeGreaterThan(0);
    await first.stop();
    await bench.board.cancel(id);
    await bench.orchestrator();
    expect(await bench.ended(id)).toMatchObject({ state: 'cancelled', jobs: prepared.tree.size });
    const ids = Array.from({ length: prepared.tree.size }, (_, job) => prepared.tree.jobId(job));
    expect([...(await bench.queue.producer.present(ids))]).toEqual([]);
    await expect.poll(() => worker.aborted, { interval: 5 }).toBeGreaterThan(0);
    await forgetBlock(id, bench);
    expect(await bench.stored()).toEqual([]);
  });

  it('ends at once when nobody had begun with it', async () => {
    const id = await bench.submit(block);
    await bench.board.cancel(id);
    await bench.orchestrator();
    expect(await bench.ended(id)).toMatchObject({ state: 'cancelled' });
  });
});

describe('two blocks with the same first transactions', () => {
  it('share the proofs of these', async () => {
    const orchestrator = await bench.orchestrator();
    const worker = await bench.worker({ held: true });
    const shorter: Block = { ...block, transactions: block.transactions.slice(0, 2) };
    const ids = [await bench.submit(block), await bench.submit(shorter)];
    await expect.poll(() => eventsOf(orchestrator, 'planned').length, { interval: 5 }).toBe(2);
    worker.release();
    for (const id of ids) expect(await bench.ended(id)).toMatchObject({ state: 'proven' });
    // Both have the first two transactions' three VM jobs, three kernels and two bases, and one join over them each.
    expect(worker.begun).toBe(prepared.tree.size + 1);
    for (const id of ids) await forgetBlock(id, bench);
    expect(await bench.stored()).toEqual([]);
  });
});

describe('a block that takes the place of another', () => {
  it('goes on from the proofs that both share, when the other is cancelled', async () => {
    const orchestrator = await bench.orchestrator();
    const worker = await bench.worker();
    worker.hold(5);
    const old = await bench.submit(block);
    await accepted(orchestrator, 5);
    const before = eventsOf(orchestrator, 'job-proven', old).map(({ jobId }) => jobId);
    const other = await simulatedBlock(bench.engine, [2, 0, 1, 1]);
    const reorged: Block = {
      ...block,
      transactions: [...block.transactions.slice(0, 2), ...other.transactions.slice(3)],
    };
    const id = await bench.submit(reorged);
    await bench.board.cancel(old);
    expect(await bench.ended(old)).toMatchObject({ state: 'cancelled' });
    worker.release();
    expect(await bench.ended(id)).toMatchObject({ state: 'proven' });
    const after = eventsOf(orchestrator, 'job-proven', id).map(({ jobId }) => jobId);
    expect(before.length).toBeGreaterThanOrEqual(5);
    expect(after.filter((jobId) => before.includes(jobId))).toEqual([]);
  });
});

describe('a block whose proofs are kept', () => {
  it('keeps them all, also those that others share, until it is forgotten', async () => {
    const first = await bench.orchestrator();
    await bench.worker();
    const shorter: Block = { ...block, transactions: block.transactions.slice(0, 2) };
    await submitParts(partsOf(shorter), bench, { keepProofs: true });
    expect(await bench.ended(blockId(shorter))).toMatchObject({ state: 'proven' });
    const kept = [...(await bench.storedProofs())].sort();
    expect(kept).toHaveLength((await bench.blocks.getResult(blockId(shorter)))?.jobs ?? 0);
    await first.stop();
    await bench.orchestrator();
    const id = await bench.submit(block);
    expect(await bench.ended(id)).toMatchObject({ state: 'proven' });
    expect([...(await bench.storedProofs())].sort()).toEqual([...kept, rootId()].sort());
    await forgetBlock(id, bench);
    expect([...(await bench.storedProofs())].sort()).toEqual(kept);
    await forgetBlock(blockId(shorter), bench);
    expect(await bench.stored()).toEqual([]);
  });
});

describe('more blocks than may be proven at once', () => {
  it('wait for their turn, however many were claimed', async () => {
    const worker = await bench.worker({ held: true });
    const ids: BlockId[] = [];
    for (const seed of [11, 12, 13]) ids.push(await bench.submit(await simulatedBlock(bench.engine, [1], seed)));
    const owner = await bench.board.owner('machine.greedy', bench.heart);
    const claim = owner.claim.bind(owner);
    owner.claim = () => claim(16);
    const orchestrator = await bench.orchestrator({ blocksMax: 1, owner });
    await expect.poll(() => worker.begun, { interval: 5 }).toBeGreaterThan(0);
    expect(eventsOf(orchestrator, 'planned')).toHaveLength(1);
    worker.release();
    for (const id of ids) expect(await bench.ended(id)).toMatchObject({ state: 'proven' });
    expect(orchestrator.faults).toEqual([]);
  });
});

describe('an orchestrator that ends', () => {
  it('is followed by another, which has nothing proven again', async () => {
    const first = await bench.orchestrator();
    const worker = await bench.worker();
    const id = await bench.submit(block);
    await accepted(first, 4);
    await first.stop();
    const second = await bench.orchestrator();
    expect(await bench.ended(id)).toMatchObject({ state: 'proven' });
    expect(worker.begun).toBe(prepared.tree.size);
    // What the first one executed is in the store until the block has ended.
    const executed = (by: typeof first) => eventsOf(by, 'phase').filter(({ phase }) => phase === 'executing').length;
    expect([executed(first) > 0, executed(second)]).toEqual([true, 0]);
    const proven = [first, second].flatMap((orchestrator) => eventsOf(orchestrator, 'job-proven'));
    expect(new Set(proven.map(({ jobId }) => jobId)).size).toBe(proven.length);
    expect(await bench.blocks.getCredits(id)).toHaveLength(prepared.tree.size);
    expect(await bench.storedProofs()).toEqual([rootId()]);
  });

  it('drops its block when it is taken for dead, and another has all the reports', async () => {
    const first = await bench.orchestrator();
    const worker = await bench.worker({ held: true });
    const id = await bench.submit(block);
    await expect.poll(() => worker.begun, { interval: 5 }).toBeGreaterThan(0);
    const owner = (await bench.board.find(id))?.owner;
    if (owner == null) throw new Error('the block has an owner');
    await bench.heart.remove(owner);
    const second = await bench.orchestrator();
    await expect.poll(() => eventsOf(second, 'planned').length, { interval: 5, timeout: 20_000 }).toBe(1);
    // The first one finds out when it next tells the board of the block.
    await expect.poll(async () => (await bench.board.find(id))?.state, { interval: 50 }).toBe('proving');
    worker.release();
    expect(await bench.ended(id)).toMatchObject({ state: 'proven' });
    expect(worker.begun).toBe(prepared.tree.size);
    expect(eventsOf(first, 'block-proven')).toEqual([]);
    expect(eventsOf(second, 'block-proven')).toHaveLength(1);
    expect(await bench.storedProofs()).toEqual([rootId()]);
  });

  it('is followed by one that finds the content lost, and leaves no job of it', async () => {
    const first = await bench.orchestrator();
    const id = await bench.submit(block);
    const leaves = [0, 1, 2].map((job) => prepared.tree.jobId(job));
    await expect.poll(async () => (await bench.queue.producer.present(leaves)).size, { interval: 5 }).toBe(3);
    await first.stop();
    await bench.blocks.deleteBlock(id);
    await bench.orchestrator();
    const { state, error } = await bench.ended(id);
    expect({ state, error }).toMatchObject({ state: 'failed', error: { code: 'store-corrupt' } });
    expect(error?.remedy).toMatch(/same --store and --namespace.*submit it again/);
    expect((await bench.stored()).filter((key) => /^(inputs|proofs)/.test(key))).toEqual([]);
    expect(await bench.keysLeft()).toEqual([]);
  });

  it('is followed by one that finishes what it had begun to end', async () => {
    const id = await bench.submit(block);
    const { submittedAtMs } = (await bench.board.find(id)) ?? { submittedAtMs: 0 };
    const { tree, lineageSeed, inputs } = prepared;
    await bench.proofs.putInputs(tree.jobId(0), inputs.of(0));
    await bench.blocks.putResult(
      {
        blockId: id,
        state: 'cancelled',
        transactions: 3,
        calls: 3,
        jobs: tree.size,
        submittedAtMs,
        endedAtMs: submittedAtMs + 1,
        rootId: null,
        error: null,
        failedJob: null,
        lineageSeed,
      },
      [],
    );
    const orchestrator = await bench.orchestrator();
    expect(await bench.ended(id)).toMatchObject({ state: 'cancelled', endedAtMs: submittedAtMs + 1 });
    expect((await bench.stored()).filter((key) => key.startsWith('inputs/'))).toEqual([]);
    expect(orchestrator.events).toEqual([]);
  });

  it('says nothing of how a block ended when a later owner has', async () => {
    const orchestrator = await bench.orchestrator();
    const worker = await bench.worker({ held: true });
    const id = await bench.submit(block);
    await expect.poll(() => worker.begun, { interval: 5 }).toBeGreaterThan(0);
    const { submittedAtMs } = (await bench.board.find(id)) ?? { submittedAtMs: 0 };
    const { lineageSeed, tree } = prepared;
    const counts = { transactions: 3, calls: 3, jobs: tree.size, submittedAtMs, endedAtMs: submittedAtMs };
    const nothing = { rootId: null, error: null, failedJob: null, lineageSeed };
    const later = { blockId: id, state: 'failed', ...counts, token: 1_000_000, ...nothing } as const;
    await bench.blocks.putResult(later, []);
    await bench.board.cancel(id);
    expect(await bench.ended(id)).toEqual(later);
    expect(eventsOf(orchestrator, 'block-failed')).toEqual([]);
  });

  it('stops within two seconds while the store is away, and gives its blocks back', async () => {
    const first = await bench.orchestrator();
    const worker = await bench.worker({ held: true });
    const id = await bench.submit(block);
    await expect.poll(() => worker.begun, { interval: 5 }).toBeGreaterThan(0);
    bench.store.isAway = true;
    const beganMs = performance.now();
    await first.stop();
    expect(performance.now() - beganMs).toBeLessThan(2_500);
    bench.store.isAway = false;
    worker.release();
    await bench.orchestrator();
    expect(await bench.ended(id)).toMatchObject({ state: 'proven' });
  });
});

describe('what gets lost', () => {
  it('in the queue, is queued again', async () => {
    const orchestrator = await bench.orchestrator();
    const id = await bench.submit(block);
    const leaves = [0, 1, 2].map((job) => prepared.tree.jobId(job));
    const { producer } = bench.queue;
    await expect.poll(async () => (await producer.present(leaves)).size, { interval: 5 }).toBe(3);
    await producer.remove(leaves);
    await bench.worker();
    expect(await bench.ended(id)).toMatchObject({ state: 'proven' });
    expect(eventsOf(orchestrator, 'job-proven')).toHaveLength(prepared.tree.size);
  });

  it('a lease, is made up for by a proof that came late, once', async () => {
    const orchestrator = await bench.orchestrator();
    const worker = await bench.worker({ held: true });
    const id = await bench.submit(block);
    await expect.poll(() => worker.begun, { interval: 5 }).toBeGreaterThan(0);
    const ids = Array.from({ length: prepared.tree.size }, (_, job) => prepared.tree.jobId(job));
    await bench.queue.producer.detach(ids);
    worker.release();
    expect(await bench.ended(id)).toMatchObject({ state: 'proven' });
    expect(eventsOf(orchestrator, 'job-proven')).toHaveLength(prepared.tree.size);
    expect(worker.begun).toBe(prepared.tree.size);
  });

  it('a proof that comes when its block has ended, is deleted', async () => {
    await bench.orchestrator();
    const held = await bench.worker({ held: true });
    const id = await bench.submit(block);
    await expect.poll(() => held.begun, { interval: 5 }).toBeGreaterThan(0);
    const leaves = [0, 1, 2].map((job) => prepared.tree.jobId(job));
    await bench.queue.producer.detach(leaves);
    await bench.worker();
    expect(await bench.ended(id)).toMatchObject({ state: 'proven' });
    held.release();
    await expect.poll(() => bench.storedProofs(), { interval: 5, timeout: 20_000 }).toEqual([rootId()]);
  });
});

describe('a store that is away', () => {
  it('keeps a block waiting, and fails nothing', async () => {
    const id = await bench.submit(block);
    bench.store.isAway = true;
    const orchestrator = await bench.orchestrator();
    await expect.poll(() => bench.store.refusals, { interval: 5 }).toBeGreaterThan(2);
    expect(orchestrator.faults.map(({ code }) => code)).toEqual(['store-unavailable']);
    bench.store.isAway = false;
    const worker = await bench.worker();
    await accepted(orchestrator, 1);
    worker.hold();
    bench.store.isAway = true;
    const { refusals } = bench.store;
    worker.release();
    await expect.poll(() => bench.store.refusals, { interval: 5, timeout: 10_000 }).toBeGreaterThan(refusals);
    bench.store.isAway = false;
    expect(await bench.ended(id)).toMatchObject({ state: 'proven' });
    expect(new Set(orchestrator.faults.map(({ code }) => code))).toEqual(new Set(['store-unavailable']));
    expect(await bench.storedProofs()).toEqual([rootId()]);
  });
});
