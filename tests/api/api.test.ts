import { describe, expect, test } from 'vitest';
import { EspalierError } from '../../common/index.js';
import { type Block, type BlockEvent, blockId, collectBlock, partsOf } from '../../proto/index.js';
import type { BlockClaim } from '../../queue/index.js';
import { simulatedBlock, simulatedEngine } from '../support/simulated-block.js';
import { openApi } from './api-bench.js';

const engine = await simulatedEngine();
const block: Block = await simulatedBlock(engine, [1, 0], 3);
const id = blockId(block);

const started = (n: number): BlockEvent => ({
  ...{ kind: 'job-started', jobId: `base-rollup-private.${n}.ab`, circuit: 'base-rollup-private', level: 2 },
  ...{ workerId: 'w.1', attempt: 1, atMs: 1_000 + n },
});

async function claimed(api: Awaited<ReturnType<typeof openApi>>) {
  const owner = api.board.owner('o.1');
  const [claim] = await owner.claim(1);
  if (claim === undefined) throw new Error('nothing to claim');
  return { owner, claim };
}

const result = (claim: BlockClaim, state: 'failed' | 'cancelled' = 'cancelled') => ({
  ...{ blockId: claim.blockId, state, transactions: 2, calls: 1, jobs: 5, submittedAtMs: claim.submittedAtMs },
  ...{ endedAtMs: claim.submittedAtMs + 5, token: claim.token, rootId: null, error: null, failedJob: null },
  lineageSeed: null,
});

describe('a block that is submitted', () => {
  test('is open then, with its deadline; again it is open already, without being read again', async () => {
    const api = await openApi();
    const { client } = api;
    expect(await client.submit(block, { windowMs: 60_000, keepProofs: true })).toMatchObject({
      blockId: id,
      outcome: 'submitted',
    });
    const view = await client.block(id.slice(0, 8));
    expect(view).toMatchObject({ blockId: id, state: 'queued', transactions: 2, calls: 1, keepProofs: true });
    expect(view.deadlineAtMs).toBe(view.submittedAtMs + 60_000);
    expect(await client.submit(block)).toMatchObject({ outcome: 'open' });
    const parts = [];
    for await (const part of client.download(id)) parts.push(part);
    expect(blockId(await collectBlock(parts))).toBe(id);
    expect(api.refused).toEqual([]);
  });

  test('a thousand times is one block', async () => {
    const { client } = await openApi({
      limits: { uploadsMax: 2_000, requestsPerSecond: 10_000, requestsBurst: 10_000 },
    });
    const outcomes = await Promise.all(Array.from({ length: 1_000 }, () => client.submit(block)));
    expect(new Set(outcomes.map(({ blockId }) => blockId))).toEqual(new Set([id]));
    expect(outcomes.filter(({ outcome }) => outcome === 'submitted')).toHaveLength(1);
    const all = [];
    for await (const one of client.blocks()) all.push(one.blockId);
    expect(all).toEqual([id]);
  });

  test('more often at once than the server takes comes again, and is taken', async () => {
    const { client, refused } = await openApi({ limits: { uploadsMax: 2 } });
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => client.submit(block)));
    expect(outcomes.map(({ blockId }) => blockId)).toEqual(outcomes.map(() => id));
    expect(new Set(refused.map(({ error }) => error.code))).toEqual(new Set(['server-busy']));
  });

  test('and is faulty is refused with the place, having changed nothing', async () => {
    const { client, refused } = await openApi();
    const [first, ...others] = block.transactions;
    const twice = { ...block, transactions: [first, ...others, first] } as Block;
    await expect(client.submit(twice)).rejects.toMatchObject({ code: 'duplicate-nullifier' });
    await expect(client.submit(partsOf({ ...block, transactions: [] }))).rejects.toMatchObject({
      code: 'block-invalid',
    });
    expect(refused.map(({ path, error }) => [path.split('/').at(-1), error.code])).toEqual([
      ['SubmitBlock', 'duplicate-nullifier'],
      ['SubmitBlock', 'block-invalid'],
    ]);
    await expect(client.block(id)).rejects.toMatchObject({ code: 'block-unknown' });
  });

  test('in the place of another cancels that one', async () => {
    const api = await openApi();
    const { client } = api;
    await client.submit(block);
    const other = await simulatedBlock(engine, [1, 1], 3);
    expect(await client.replace(id, other)).toMatchObject({
      blockId: blockId(other),
      outcome: 'submitted',
      wasOpen: true,
    });
    expect((await client.block(id)).state).toBe('cancelling');
    await expect(client.replace('ab'.repeat(32), other)).rejects.toMatchObject({ code: 'block-unknown' });
  });
});

describe('a block that is watched', () => {
  test('is a snapshot, then what its owner tells, to the end', async () => {
    const api = await openApi();
    await api.client.submit(block);
    const { owner, claim } = await claimed(api);
    const tell = async () => {
      const levels = [{ name: 'base', jobs: 2, done: 0, running: 0 }];
      const planned: BlockEvent = { kind: 'planned', levels, lineageSeed: 'ab'.repeat(32), atMs: 999 };
      await owner.publish(claim, { epoch: claim.token, first: 1, events: [planned, started(1)] });
      await owner.publish(claim, { epoch: claim.token, first: 3, events: [started(2)] });
      await api.backend.blocks.putResult(result(claim), []);
      const ended: BlockEvent = { kind: 'ended', result: result(claim), atMs: 2_000 };
      await owner.publish(claim, { epoch: claim.token, first: 4, events: [ended] });
      await owner.end(claim);
    };
    const seen: string[] = [];
    for await (const { event, block: view } of api.client.watch(id)) {
      seen.push(`${event.kind} ${view.state}`);
      if (event.kind === 'snapshot' && event.reason === 'start') await tell();
    }
    expect(seen.slice(1)).toEqual([
      'snapshot proving',
      'job-started proving',
      'job-started proving',
      'ended cancelled',
    ]);
    expect(seen[0]).toMatch(/^snapshot (queued|preparing)$/);
    // Again, from nothing: how it ended.
    const again = [];
    for await (const { event } of api.client.watch(id)) again.push(event.kind);
    expect(again).toEqual(['snapshot', 'ended']);
  });

  test('and unknown is refused', async () => {
    const { client } = await openApi();
    const watch = async () => {
      for await (const _ of client.watch(id));
    };
    await expect(watch()).rejects.toMatchObject({ code: 'block-unknown' });
  });

  test('when the server stops: the stream ends as one to be picked up elsewhere', async () => {
    const api = await openApi();
    await api.client.submit(block);
    const client = api.connect({});
    const updates = client.watch(id)[Symbol.asyncIterator]();
    await updates.next();
    const next = updates.next().catch((thrown: unknown) => EspalierError.from(thrown).code);
    await api.server.stop();
    client.close();
    expect(await next).toBe('cancelled');
  });
});
