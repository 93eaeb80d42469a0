import { once } from 'node:events';
import { setTimeout as delay, setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { ClientReadableStream } from '@grpc/grpc-js';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { ApiLimits } from '../../orchestrator/index.js';
import {
  type BlockEvent,
  blockId,
  cursorFromText,
  type EventChunk,
  type EventCursor,
  wire,
} from '../../proto/index.js';
import type { BlockClaim, BlockOwner } from '../../queue/index.js';
import { framed, http2Call, http2Session } from '../support/http2-call.js';
import { simulatedBlock, simulatedEngine } from '../support/simulated-block.js';
import { tcpProxy } from '../support/tcp-proxy.js';
import { openApi } from './api-bench.js';
import { rawClient } from './raw-calls.js';

const engine = await simulatedEngine();
const block = await simulatedBlock(engine, [1, 0], 9);
const id = blockId(block);
const MIB = 2 ** 20;

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

/** A block that its owner, the test, tells of. */
async function told(limits: Partial<ApiLimits> = {}) {
  const api = await openApi({ limits });
  await api.client.submit(block);
  const owner = api.board.owner('o.1');
  const [claim] = await owner.claim(1);
  if (claim === undefined) throw new Error('nothing to claim');
  return { api, teller: new Teller(owner, claim) };
}

function chunkOf(epoch: number, first: number): EventChunk {
  const events = Array.from({ length: 1_000 }, (_, n): BlockEvent => {
    const jobId = `base-rollup-private.${first + n}.${'ab'.repeat(16)}`;
    return {
      kind: 'job-started',
      jobId,
      circuit: 'base-rollup-private',
      level: 0,
      workerId: 'w.1',
      attempt: 1,
      atMs: 2_000,
    };
  });
  return { epoch, first, events };
}

class Teller {
  readonly #owner: BlockOwner;
  readonly claim: BlockClaim;
  told = 0;

  constructor(owner: BlockOwner, claim: BlockClaim) {
    this.#owner = owner;
    this.claim = claim;
  }

  async tell(...events: readonly BlockEvent[]): Promise<void> {
    await this.#owner.publish(this.claim, { epoch: this.claim.token, first: this.told + 1, events });
    this.told += events.length;
    const cursor = { epoch: this.claim.token, seq: this.told };
    await this.#owner.note(this.claim, { state: 'proving', checked: true, jobs: 5, done: 0, running: 0, cursor });
    // Whoever watches gets a turn.
    await setImmediate();
  }

  plan(): Promise<void> {
    const levels = [{ name: 'base', jobs: 1_000_000, done: 0, running: 0 }];
    return this.tell({ kind: 'planned', levels, lineageSeed: 'ab'.repeat(32), atMs: 1_000 });
  }

  /** Of some 160 bytes on the wire each. */
  start(count: number): Promise<void> {
    const events = Array.from({ length: count }, (_, n): BlockEvent => {
      const jobId = `base-rollup-private.${this.told + n}.${'ab'.repeat(16)}`;
      return {
        kind: 'job-started',
        jobId,
        circuit: 'base-rollup-private',
        level: 0,
        workerId: 'w.1',
        attempt: 1,
        atMs: 2_000,
      };
    });
    return this.tell(...events);
  }

  async end(): Promise<void> {
    const { blockId: ended, submittedAtMs, token } = this.claim;
    const result = {
      ...({ blockId: ended, state: 'cancelled', transactions: 2, calls: 1, jobs: 5, submittedAtMs, token } as const),
      ...{ endedAtMs: submittedAtMs + 5, rootId: null, error: null, failedJob: null, lineageSeed: null },
    };
    await this.tell({ kind: 'ended', result, atMs: 3_000 });
  }
}

/** The places of the events of a watch, as they come. */
class Places {
  readonly seen: EventCursor[] = [];
  isOver = false;

  constructor(stream: ClientReadableStream<wire.WatchBlockResponse>) {
    stream.on('error', () => {});
    stream.on('data', ({ events }) => {
      for (const { cursor, event } of events) {
        this.seen.push(cursorFromText(cursor));
        this.isOver ||= event?.$case === 'ended';
      }
    });
  }
}

describe('a connection that is cut in the middle of a watch', () => {
  test('is picked up from the cursor, with nothing missing and nothing twice', async () => {
    const { api, teller } = await told();
    const proxy = await tcpProxy(api.server.address);
    const client = api.connect({ server: proxy.address });
    const seen: EventCursor[] = [];
    const watching = (async () => {
      for await (const { cursor } of client.watch(id)) seen.push(cursorFromText(cursor));
    })();
    await expect.poll(() => seen.length).toBe(1);
    await teller.plan();
    for (let round = 0; round < 6; round++) {
      // Somewhere in the next messages, within a frame.
      proxy.cutAfter(5_000 + 777 * round);
      for (let some = 0; some < 20; some++) await teller.start(50);
      await expect.poll(() => seen.at(-1)?.seq, { timeout: 20_000 }).toBe(teller.told);
    }
    await teller.end();
    await watching;
    expect(proxy.made()).toBeGreaterThan(3);
    const { token } = teller.claim;
    const expected = Array.from({ length: teller.told }, (_, n) => ({ epoch: token, seq: n + 1 }));
    // Behind the snapshot that it began with.
    expect(seen.slice(1)).toEqual(expected);
  }, 60_000);
});

test('a client that did not read for so long that its stream was reset goes on from where it was', async () => {
  const { api, teller } = await told({ readerStallMs: 300 });
  await teller.plan();
  const updates = api.connect().watch(id)[Symbol.asyncIterator]();
  const seen = [(await updates.next()).value?.cursor];
  // More than is on its way at most, and not more than is kept.
  for (let some = 0; some < 20; some++) await teller.start(500);
  await expect.poll(() => api.refused.map(({ error }) => error.code), { timeout: 10_000 }).toEqual(['call-timeout']);
  await teller.end();
  for (let next = await updates.next(); !next.done; next = await updates.next()) seen.push(next.value.cursor);
  const { token } = teller.claim;
  expect(seen).toEqual(Array.from({ length: teller.told }, (_, n) => `${token}-${n + 1}`));
});

describe('ten watchers of which one never reads', () => {
  test('cost no more memory than nine, and the nine miss nothing', async () => {
    const { api, teller } = await told();
    await teller.plan();
    const deaf = http2Call(http2Session(api.server.address), wire.BlockServiceService.watchBlock.path);
    deaf.stream.end(framed(Buffer.from(wire.WatchBlockRequest.encode({ blockId: id, cursor: '' }).finish())));
    const watchers = Array.from({ length: 9 }, () => {
      const stream = rawClient(api.server.address).blocks.watchBlock({ blockId: id, cursor: '' });
      onTestFinished(() => stream.cancel());
      return new Places(stream);
    });
    const caughtUp = () =>
      expect.poll(() => watchers.every(({ seen }) => seen.at(-1)?.seq === teller.told), { timeout: 30_000 }).toBe(true);
    // Twice as many as are kept for those who come back: from here on what is kept is as much as it will ever be.
    for (let some = 0; some < 80; some++) await teller.start(500);
    await caughtUp();
    for (const { seen } of watchers) seen.length = 0;
    collectGarbage();
    const before = process.memoryUsage();
    for (let some = 0; some < 400; some++) {
      await teller.start(500);
      if (some % 20 === 0) await caughtUp();
      for (const { seen } of watchers) seen.splice(0, seen.length - 1);
    }
    await caughtUp();
    collectGarbage();
    const after = process.memoryUsage();
    // What was told meanwhile is some 32 MB to each.
    expect(after.heapUsed + after.external - before.heapUsed - before.external).toBeLessThan(12 * MIB);
    await teller.end();
    await expect.poll(() => watchers.every(({ isOver }) => isOver)).toBe(true);
  }, 120_000);

  test('and what it missed is summed up when it reads again', async () => {
    const { api, teller } = await told();
    await teller.plan();
    const { blocks } = rawClient(api.server.address);
    const stream = blocks.watchBlock({ blockId: id, cursor: '' });
    stream.on('error', () => {});
    await once(stream, 'readable');
    for (let some = 0; some < 100; some++) await teller.start(500);
    const kinds: string[] = [];
    for await (const { events } of stream as AsyncIterable<wire.WatchBlockResponse>) {
      for (const { event } of events) {
        const reason = event?.$case === 'snapshot' ? wire.SnapshotReason[event.value.reason] : '';
        const kind = `${event?.$case} ${reason}`;
        if (kinds.at(-1) !== kind) kinds.push(kind);
        if (reason === 'CAUGHT_UP') await teller.end();
      }
    }
    expect(kinds).toEqual(['snapshot START', 'jobStarted ', 'snapshot CAUGHT_UP', 'ended ']);
  }, 60_000);
});

test('a watcher waits for the owner to note how far it has come, where more was told since than is kept', async () => {
  const { api, teller } = await told();
  await teller.plan();
  const { blocks } = rawClient(api.server.address);
  const note = teller.claim.token;
  const many = Array.from({ length: 30 }, (_, n) => n);
  for (const n of many) await api.board.owner('o.1').publish(teller.claim, chunkOf(note, 2 + 1_000 * n));
  const stream = blocks.watchBlock({ blockId: id, cursor: '' });
  const places = new Places(stream);
  await expect.poll(() => places.seen.length).toBe(1);
  // What is tested is that nothing comes, so it takes its time.
  await delay(1_000);
  // Not over and over again.
  expect(places.seen.length).toBe(1);
  teller.told += 30_000;
  await teller.start(1);
  await expect.poll(() => places.seen.at(-1), { timeout: 5_000 }).toEqual({ epoch: note, seq: 30_002 });
  stream.cancel();
});

test('a watcher of a block that is submitted again does not hear of its earlier end', async () => {
  const { api, teller } = await told();
  await teller.plan();
  await teller.end();
  const owner = api.board.owner('o.2');
  await api.board.owner('o.1').end(teller.claim);
  await api.client.submit(block);
  const { blocks } = rawClient(api.server.address);
  const places = new Places(blocks.watchBlock({ blockId: id, cursor: '' }));
  await expect.poll(() => places.seen.length).toBe(1);
  const [claim] = await owner.claim(1);
  if (claim === undefined) throw new Error('nothing to claim');
  const next = new Teller(owner, claim);
  await next.plan();
  await next.end();
  await expect.poll(() => places.isOver).toBe(true);
  expect(places.seen.slice(1)).toEqual([1, 2].map((seq) => ({ epoch: claim.token, seq })));
});
