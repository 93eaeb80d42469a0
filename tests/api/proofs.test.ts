import { expect, test } from 'vitest';
import type { ProofItem, ProofsOptions } from '../../client/index.js';
import { planTree } from '../../orchestrator/index.js';
import { type BlockEvent, blockId, type EventCursor, outlineOf, type ProofRecord } from '../../proto/index.js';
import { simulatedBlock, simulatedEngine } from '../support/simulated-block.js';
import { openApi } from './api-bench.js';

const engine = await simulatedEngine();
const block = await simulatedBlock(engine, [1, 0, 2, 0, 1], 13);
const id = blockId(block);
const SEED = 'ab'.repeat(32);
const tree = planTree(outlineOf(block), SEED);
const ALL = Array.from({ length: tree.size }, (_, job) => tree.jobId(job));
/** In an order in which they can be proven that is not that of their numbers. */
const UPWARDS = orderUpwards(tree.root);
const circuitOf = (jobId: string) => tree.circuit(tree.indexOf(jobId));

function orderUpwards(job: number): string[] {
  return [...tree.childJobs(job).flatMap(orderUpwards), tree.jobId(job)];
}

function recordOf(jobId: string): ProofRecord {
  return {
    ...{
      jobId,
      circuit: circuitOf(jobId),
      keyHash: '0xkey',
      workerId: 'w.1',
      threads: 1,
      attempts: 1,
      signature: null,
    },
    ...{ proof: Buffer.from(jobId), publicInputs: [`0x${'1'.repeat(64)}`], startedAtMs: 1, finishedAtMs: 2 },
    prover: { kind: 'simulated', version: '1', srs: 'none' },
    usage: { wallMs: 1, cpuMs: null, peakMemoryBytes: null },
    timings: { queuedMs: 0, witnessMs: 0, proveMs: 1, verifyMs: 0, storeMs: 0 },
  };
}

/** A planned block whose proofs the test makes. */
async function proving() {
  const api = await openApi();
  await api.client.submit(block);
  const owner = api.board.owner('o.1');
  const [claim] = await owner.claim(1);
  if (claim === undefined) throw new Error('nothing to claim');
  const { proofs, blocks } = api.backend;
  let told = 0;
  const tell = async (event: BlockEvent) => {
    told += 1;
    await owner.publish(claim, { epoch: claim.token, first: told, events: [event] });
    const cursor: EventCursor = { epoch: claim.token, seq: told };
    const counts = { state: 'proving', checked: true, jobs: tree.size, done: 0, running: 0 } as const;
    await owner.note(claim, { ...counts, lineageSeed: SEED, cursor });
  };
  const plan = (done: number) => {
    const levels = [{ name: 'all', jobs: tree.size, done, running: 0 }];
    return tell({ kind: 'planned', levels, lineageSeed: SEED, atMs: 1 });
  };
  await plan(0);
  return {
    ...api,
    plan,
    /** Stores a proof and tells of it. `isKept`: its children's stay. */
    prove: async (jobId: string, isKept = true) => {
      await proofs.putProof(recordOf(jobId));
      const event = { jobId, circuit: circuitOf(jobId), level: 0, workerId: 'w.1', attempts: 1, wallMs: 1, atMs: 2 };
      await tell({ kind: 'job-proven', ...event });
      if (!isKept) for (const child of tree.childJobs(tree.indexOf(jobId))) await proofs.deleteProof(tree.jobId(child));
    },
    lose: async (jobId: string) => {
      await proofs.deleteProof(jobId);
      await tell({ kind: 'proof-lost', jobId, message: 'damaged', atMs: 3 });
    },
    end: async () => {
      const result = {
        ...({ blockId: id, state: 'proven', transactions: 5, calls: 4, jobs: tree.size, token: claim.token } as const),
        ...{ submittedAtMs: claim.submittedAtMs, endedAtMs: claim.submittedAtMs + 5, rootId: tree.jobId(tree.root) },
        ...{ error: null, failedJob: null, lineageSeed: SEED },
      };
      await blocks.putResult(result, []);
      await tell({ kind: 'ended', result, atMs: 4 });
      await owner.end(claim);
    },
  };
}

type Proving = Awaited<ReturnType<typeof proving>>;

async function collect({ client }: Pick<Proving, 'client'>, options: ProofsOptions): Promise<ProofItem[]> {
  const items: ProofItem[] = [];
  for await (const item of client.proofs(id, options)) items.push(item);
  return items;
}

/** The first items of a stream, which is left then. */
async function take({ client }: Pick<Proving, 'client'>, count: number, cursor = ''): Promise<ProofItem[]> {
  const items: ProofItem[] = [];
  for await (const item of client.proofs(id, { everyLevel: true, cursor })) {
    items.push(item);
    if (items.length === count) break;
  }
  return items;
}

const jobOf = (item: ProofItem) =>
  item.kind === 'proof' ? item.proof.jobId : item.kind === 'replaced' ? item.jobId : item.kind;
const nameOf = (item: ProofItem) =>
  item.kind === 'proof' ? item.proof.jobId : item.kind === 'replaced' ? `gone ${item.jobId}` : item.kind;

test('the proofs of every level come as they rise, each once, and then how it ended', async () => {
  const api = await proving();
  const collecting = collect(api, { everyLevel: true });
  for (const jobId of ALL) await api.prove(jobId);
  await api.end();
  const items = await collecting;
  expect(items.map(nameOf)).toEqual([...ALL, 'ended']);
  expect(items[3]).toMatchObject({ kind: 'proof', proof: recordOf(ALL[3] ?? '') });
});

test('by default the top of the tree, or the root alone', async () => {
  const api = await proving();
  for (const jobId of ALL) await api.prove(jobId);
  await api.end();
  const levelsOf = async (options: ProofsOptions) => {
    const ids = (await collect(api, options)).map(nameOf).slice(0, -1);
    return ids.map((jobId) => tree.joinsAbove(tree.indexOf(jobId)));
  };
  expect(Math.max(...(await levelsOf({})))).toBe(2);
  expect(await levelsOf({ levels: 1 })).toEqual([1, 1, 0]);
  expect(await levelsOf({ rootOnly: true })).toEqual([0]);
});

test('a stream that begins late, of a block that is proven: what is there, and the names of what was replaced', async () => {
  const api = await proving();
  for (const jobId of ALL) await api.prove(jobId, false);
  await api.end();
  const items = (await collect(api, { everyLevel: true })).map(nameOf);
  const root = tree.jobId(tree.root);
  expect(items.toSorted()).toEqual(
    [...ALL.filter((jobId) => jobId !== root).map((jobId) => `gone ${jobId}`), root, 'ended'].toSorted(),
  );
  expect(items.at(-1)).toBe('ended');
});

test('can be taken up behind each item, with nothing missing and nothing twice', async () => {
  const api = await proving();
  const half = ALL.length >> 1;
  // Half is proven before the stream begins, and looked for in the store; half is heard of.
  for (const jobId of ALL.slice(0, half)) await api.prove(jobId);
  const collecting = collect(api, { everyLevel: true });
  for (const jobId of ALL.slice(half)) await api.prove(jobId);
  await api.end();
  const items = await collecting;
  expect(items.map(nameOf)).toEqual([...ALL, 'ended']);
  for (const [index, { cursor }] of items.entries()) {
    const rest = await collect(api, { everyLevel: true, cursor });
    const expected = index === items.length - 1 ? ['ended'] : items.slice(index + 1).map(nameOf);
    expect([index, rest.map(nameOf)]).toEqual([index, expected]);
  }
}, 60_000);

test('likewise behind each item of a stream that began in the middle', async () => {
  const api = await proving();
  const half = ALL.length >> 1;
  for (const jobId of ALL.slice(0, half)) await api.prove(jobId);
  const items: ProofItem[] = [];
  const collecting = (async () => {
    for await (const item of api.client.proofs(id, { everyLevel: true })) items.push(item);
  })();
  await expect.poll(() => items.length).toBe(half);
  for (const jobId of ALL.slice(half)) await api.prove(jobId);
  await expect.poll(() => items.length).toBe(ALL.length);
  for (const [index, { cursor }] of items.entries()) {
    const rest: string[] = [];
    const stop = new AbortController();
    const expected = items.slice(index + 1).map(nameOf);
    const resumed = (async () => {
      for await (const item of api.client.proofs(id, { everyLevel: true, cursor, signal: stop.signal })) {
        rest.push(nameOf(item));
      }
    })().catch(() => {});
    await expect.poll(() => rest.length).toBe(expected.length);
    expect([index, rest]).toEqual([index, expected]);
    stop.abort();
    await resumed;
  }
  await api.end();
  await collecting;
}, 60_000);

test('a proof that was lost and made again is not yielded again', async () => {
  const api = await proving();
  const [first = '', second = ''] = ALL;
  const seen: string[] = [];
  const collecting = (async () => {
    for await (const item of api.client.proofs(id, { everyLevel: true })) seen.push(nameOf(item));
  })();
  await api.prove(first);
  await expect.poll(() => seen).toEqual([first]);
  await api.lose(first);
  await api.prove(first);
  await api.prove(second);
  await expect.poll(() => seen).toEqual([first, second]);
  await api.end();
  await collecting;
});

test('nothing is missing and nothing comes twice where children are deleted and it breaks behind any item', async () => {
  const half = ALL.length >> 1;
  for (let taken = 1; taken <= ALL.length; taken++) {
    const api = await proving();
    // Some are gone before the stream begins, some before they are sent.
    for (const jobId of UPWARDS.slice(0, half)) await api.prove(jobId, false);
    const taking = take(api, taken);
    for (const jobId of UPWARDS.slice(half)) await api.prove(jobId, false);
    const items = await taking;
    const early = collect(api, { everyLevel: true, cursor: items.at(-1)?.cursor ?? '' });
    await api.end();
    const late = await collect(api, { everyLevel: true, cursor: items.at(-1)?.cursor ?? '' });
    for (const rest of [await early, late]) {
      expect([taken, [...items, ...rest].map(jobOf).toSorted()]).toEqual([taken, [...ALL, 'ended'].toSorted()]);
      expect(rest.at(-1)?.kind).toBe('ended');
    }
  }
}, 60_000);

test('likewise of a block that had ended before', async () => {
  const api = await proving();
  for (const jobId of UPWARDS) await api.prove(jobId, false);
  await api.end();
  const items = await collect(api, { everyLevel: true });
  expect(items).toHaveLength(ALL.length + 1);
  for (const [index, { cursor }] of items.slice(0, -1).entries()) {
    const rest = await collect(api, { everyLevel: true, cursor });
    expect([index, rest.map(nameOf)]).toEqual([index, items.slice(index + 1).map(nameOf)]);
  }
});

test('what a new owner finds proven comes when it has planned, also behind a cursor', async () => {
  const api = await proving();
  const [told = '', ...found] = UPWARDS.slice(0, 4);
  const seen: ProofItem[] = [];
  const collecting = (async () => {
    for await (const item of api.client.proofs(id, { everyLevel: true })) seen.push(item);
  })();
  await api.prove(told);
  await expect.poll(() => seen.map(jobOf)).toEqual([told]);
  for (const jobId of found) await api.backend.proofs.putProof(recordOf(jobId));
  await api.plan(4);
  await expect.poll(() => seen.map(jobOf).toSorted()).toEqual([told, ...found].toSorted());
  const behind = await take(api, 1, seen[2]?.cursor);
  expect(behind.map(jobOf)).toEqual([seen[3]].map((item) => item && jobOf(item)));
  await api.end();
  await collecting;
});

test('which proofs are meant can be said once only', async () => {
  const api = await proving();
  const refusal = { code: 'request-malformed', remedy: expect.stringContaining('one of them') };
  const choices = [
    { everyLevel: true, rootOnly: true },
    { everyLevel: true, levels: 3 },
    { rootOnly: true, levels: 1 },
  ];
  for (const options of choices) await expect(collect(api, options)).rejects.toMatchObject(refusal);
});
