import { status as Code, type ServerWritableStream } from '@grpc/grpc-js';
import { afterEach, describe, expect, onTestFinished, test } from 'vitest';
import {
  type BlockPart,
  type BlockView,
  blockToWire,
  eventToWire,
  type LevelProgress,
  type WatchedEventBody,
  type wire,
} from '../proto/index.js';
import { apiError, type ScriptedApi, scriptedApi } from '../tests/support/scripted-api.js';
import { type Client, type ClientOptions, createClient, type WatchUpdate } from './index.js';

/** What the client does about servers that go away; the server is scripted, the sockets are real. */

const BLOCK_ID = 'ab'.repeat(32);
const LEVELS: readonly LevelProgress[] = [
  { name: 'public-vm', jobs: 2, done: 0, running: 0 },
  { name: 'base', jobs: 2, done: 0, running: 0 },
  { name: 'root', jobs: 1, done: 0, running: 0 },
];
const BLOCK: BlockView = {
  blockId: BLOCK_ID,
  state: 'proving',
  transactions: 2,
  calls: 2,
  submittedAtMs: 1_000,
  deadlineAtMs: 481_000,
  owner: 'o1',
  jobs: 5,
  done: 0,
  running: 0,
  levels: LEVELS,
  forecast: null,
  endedAtMs: null,
  rootId: null,
  error: null,
  failedJob: null,
  keepProofs: false,
};

const opened: { stop(): void }[] = [];
afterEach(() => {
  for (const { stop } of opened.splice(0)) stop();
});

function clientOf({ address }: Pick<ScriptedApi, 'address'>, options: Partial<ClientOptions> = {}): Client {
  const client = createClient({ server: address, connectTimeoutMs: 2_000, ...options });
  opened.push({ stop: () => client.close() });
  return client;
}

async function serve(blocks: Partial<wire.BlockServiceServer>, port = 0): Promise<ScriptedApi> {
  const api = await scriptedApi(blocks, { port });
  opened.push(api);
  return api;
}

type WatchCall = ServerWritableStream<wire.WatchBlockRequest, wire.WatchBlockResponse>;

/** The history of a block: `history[i]` is event number `i + 1`. */
const HISTORY: readonly WatchedEventBody[] = [
  { kind: 'snapshot', reason: 'planned', block: BLOCK },
  job('job-started', 'public-vm.0.0.aa', 0),
  job('job-started', 'public-vm.1.0.aa', 0),
  job('job-proven', 'public-vm.0.0.aa', 0),
  { kind: 'forecast', forecast: { rootAtMs: 400_000, demand: [], late: null } },
  job('job-proven', 'public-vm.1.0.aa', 0),
  { kind: 'recounted', levels: LEVELS.map((level) => ({ ...level, done: level.name === 'public-vm' ? 1 : 0 })) },
  { kind: 'ended', block: { ...BLOCK, state: 'proven', done: 5, levels: [], endedAtMs: 9_000, rootId: 'root.1' } },
];

function job(kind: 'job-started' | 'job-proven', jobId: string, level: number): WatchedEventBody {
  const place = { jobId, circuit: 'public-vm', level, workerId: 'm1.1' } as const;
  return kind === 'job-started' ? { kind, ...place, attempt: 1 } : { kind, ...place, attempts: 1, wallMs: 12.5 };
}

/** Tells `count` events behind the cursor. */
function tell(call: WatchCall, count: number): void {
  const from = call.request.cursor === '' ? 0 : Number(call.request.cursor);
  const told = HISTORY.slice(from, from + count).map((body, index) =>
    eventToWire({ ...body, atMs: 1_000 + from + index, cursor: String(from + index + 1) }, BLOCK.deadlineAtMs),
  );
  call.write({ events: told });
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

async function failureOf(work: Promise<unknown>): Promise<{ code: string; message: string; remedy?: string }> {
  return await work.then(
    () => Promise.reject(new Error('it did not fail')),
    (thrown) => thrown,
  );
}

test('proofs: a beginning is resolved once, and what a server repeats is dropped', async () => {
  const named: string[] = [];
  const client = clientOf(
    await serve({
      getBlock: (_call, answer) => answer(null, { block: blockToWire(BLOCK) }),
      streamProofs: (call) => {
        named.push(call.request.blockId);
        for (const jobId of ['a.1', 'a.2', ...(named.length > 1 ? ['a.3'] : [])]) {
          call.write({ cursor: jobId, item: { $case: 'replaced', value: { jobId } } });
        }
        if (named.length > 1) call.write({ cursor: 'end', item: { $case: 'ended', value: blockToWire(BLOCK) } });
        call.end();
      },
    }),
  );
  const items = await collect(client.proofs(BLOCK_ID.slice(0, 8), { everyLevel: true }));
  expect(items.map(({ cursor }) => cursor)).toEqual(['a.1', 'a.2', 'a.3', 'end']);
  expect(named).toEqual([BLOCK_ID, BLOCK_ID]);
});

describe('watching', () => {
  test('goes on over broken streams and restarted servers with nothing missing and nothing twice', async () => {
    const cursors: string[] = [];
    const troubles: string[] = [];
    let calls = 0;
    const watchBlock = (call: WatchCall) => {
      cursors.push(call.request.cursor);
      calls += 1;
      tell(call, 2);
      if (calls === 1) call.emit('error', apiError('queue-unavailable', 'Redis is away'));
      else if (calls === 2) call.end();
      else if (calls === 3) setImmediate(restart);
      else if (cursors.at(-1) === '6') call.end();
    };
    const first = await serve({ watchBlock });
    const port = Number(first.address.split(':')[1]);
    function restart(): void {
      first.stop();
      void serve({ watchBlock }, port);
    }
    const client = clientOf(first, { onTrouble: ({ error }) => troubles.push(error.code) });
    const updates = await collect(client.watch(BLOCK_ID));
    expect(updates.map(({ cursor }) => cursor)).toEqual(['1', '2', '3', '4', '5', '6', '7', '8']);
    expect(updates.map(({ event }) => event.kind)).toEqual(HISTORY.map(({ kind }) => kind));
    expect(cursors).toEqual(['', '2', '4', '6']);
    expect(troubles.slice(0, 2)).toEqual(['queue-unavailable', 'server-unavailable']);
  });

  test('folds each event into the block', async () => {
    const client = clientOf(await serve({ watchBlock: (call) => tell(call, HISTORY.length) }));
    const seen = (await collect(client.watch(BLOCK_ID))).map(({ block }) => [block.done, block.running, block.state]);
    expect(seen).toEqual([
      [0, 0, 'proving'],
      [0, 1, 'proving'],
      [0, 2, 'proving'],
      [1, 1, 'proving'],
      [1, 1, 'proving'],
      [2, 0, 'proving'],
      [1, 0, 'proving'],
      [5, 0, 'proven'],
    ]);
  });

  test('goes on another day from what was kept', async () => {
    const client = clientOf(await serve({ watchBlock: (call) => tell(call, HISTORY.length) }));
    const kept = JSON.parse(JSON.stringify((await collect(client.watch(BLOCK_ID)))[3])) as WatchUpdate;
    const updates = await collect(client.watch(BLOCK_ID, { after: kept }));
    expect(updates.map(({ cursor }) => cursor)).toEqual(['5', '6', '7', '8']);
    expect(updates[1]?.block).toMatchObject({ done: 2, running: 0 });
  });

  test('gives up on what will be so again', async () => {
    let calls = 0;
    const api = await serve({
      watchBlock: (call) => {
        calls += 1;
        call.emit('error', apiError('block-unknown', 'no block is so', { remedy: 'look', subject: 'x' }));
      },
    });
    expect(await failureOf(collect(clientOf(api).watch(BLOCK_ID)))).toMatchObject({
      code: 'block-unknown',
      message: 'no block is so',
      remedy: 'look',
      subject: 'x',
    });
    expect(calls).toBe(1);
  });

  test('stops when it is told to, and when the loop is left', async () => {
    const ended: string[] = [];
    const api = await serve({
      watchBlock: (call) => {
        tell(call, 2);
        call.on('cancelled', () => ended.push(call.request.blockId));
      },
    });
    const client = clientOf(api);
    const stop = new AbortController();
    const watching = failureOf(
      (async () => {
        for await (const { cursor } of client.watch('first1', { signal: stop.signal }))
          if (cursor === '2') stop.abort();
      })(),
    );
    expect(await watching).toMatchObject({ code: 'cancelled' });
    for await (const { cursor } of client.watch('second')) if (cursor === '2') break;
    await expect.poll(() => ended).toEqual(['first1', 'second']);
    const closing = failureOf(collect(client.watch('third3')));
    await expect.poll(() => ended.length).toBe(2);
    client.close();
    expect(await closing).toMatchObject({ code: 'cancelled' });
  });

  test('says which server is not there, and what to look at', async () => {
    const client = clientOf({ address: '127.0.0.1:1' }, { connectTimeoutMs: 200 });
    const calls = [
      () => client.block(BLOCK_ID),
      () => collect(client.watch(BLOCK_ID)),
      () => client.submit(parts),
      () => client.capacity(),
    ];
    for (const call of calls) {
      expect(await failureOf(call())).toMatchObject({
        code: 'server-unavailable',
        message: 'the server at 127.0.0.1:1 cannot be reached: connect ECONNREFUSED 127.0.0.1:1',
        remedy: 'is an orchestrator running there, and does it listen on that address (--listen)?',
      });
    }
  });
});

const PROOF = new Uint8Array(20_000);
const PARTS = 4_000;
let made = 0;

/** 80 MB of transactions. */
function* parts(): Generator<BlockPart> {
  made = 0;
  yield { kind: 'header', version: 1 };
  for (; made < PARTS; made++) {
    const clientProof = { proof: PROOF, srs: 'none' } as const;
    yield {
      kind: 'transactions',
      transactions: [{ sender: 1n, nullifier: BigInt(made), calls: [], clientProof }],
    };
  }
}

const ANSWER = { blockId: BLOCK_ID, outcome: 1 };

describe('submitting', () => {
  test('sends header and parts in their order, as many to a message as travel well', async () => {
    const got: (string | undefined)[] = [];
    let header: wire.BlockHeader | undefined;
    let transactions = 0;
    const api = await serve({
      submitBlock: (call, callback) => {
        call.on('data', ({ part }: wire.SubmitBlockRequest) => {
          got.push(part?.part?.$case);
          if (part?.part?.$case === 'header') header = part.part.value;
          if (part?.part?.$case === 'transactions') transactions += part.part.value.transactions.length;
        });
        call.on('end', () => callback(null, ANSWER));
      },
    });
    const progress: number[] = [];
    const options = {
      windowMs: 60_000,
      keepProofs: true,
      onProgress: (p: { transactions: number }) => progress.push(p.transactions),
    };
    expect(await clientOf(api).submit(parts, options)).toEqual({ blockId: BLOCK_ID, outcome: 'submitted' });
    expect(got[0]).toBe('header');
    expect(header).toEqual({ version: 1, blockId: '', options: { windowMs: 60_000, keepProofs: true } });
    expect([transactions, progress.at(-1)]).toEqual([PARTS, PARTS]);
    expect(got.length).toBeLessThan(400);
  });

  test('makes no more parts than the server takes', async () => {
    const api = await serve({ submitBlock: (call) => void call.once('data', () => call.pause()) });
    const stop = new AbortController();
    const submitting = failureOf(clientOf(api).submit(parts, { signal: stop.signal }));
    let before = -1;
    await expect
      .poll(
        () => {
          const isStill = made > 0 && made === before;
          before = made;
          return isStill;
        },
        { interval: 300 },
      )
      .toBe(true);
    expect(made).toBeLessThan(PARTS / 2);
    stop.abort();
    expect(await submitting).toMatchObject({ code: 'cancelled' });
  });

  test('ends early where the server needs no more', async () => {
    const api = await serve({ submitBlock: (call, callback) => void call.once('data', () => callback(null, ANSWER)) });
    expect(await clientOf(api).submit(parts, { blockId: BLOCK_ID })).toMatchObject({ blockId: BLOCK_ID });
    expect(made).toBeLessThan(PARTS);
  });

  test('sends again over a connection that broke what can be read again', async () => {
    let calls = 0;
    const submitBlock: wire.BlockServiceServer['submitBlock'] = (call, callback) => {
      calls += 1;
      if (calls < 3) {
        call.once('data', () => callback(Object.assign(new Error('gone'), { code: Code.UNAVAILABLE })));
        return;
      }
      call.resume();
      call.on('end', () => callback(null, ANSWER));
    };
    const client = clientOf(await serve({ submitBlock }));
    expect(await client.submit(parts)).toMatchObject({ outcome: 'submitted' });
    expect(calls).toBe(3);
    calls = 0;
    expect(await failureOf(client.submit(parts()))).toMatchObject({ code: 'server-unavailable' });
    expect(calls).toBe(1);
  });

  test('fails with what the parts fail with, and with what the server refuses', async () => {
    let wasCancelled = false;
    let onArrival = (): void => undefined;
    const arrived = new Promise<void>((resolve) => {
      onArrival = resolve;
    });
    const api = await serve({
      submitBlock: (call) => {
        call.once('data', onArrival);
        call.on('cancelled', () => {
          wasCancelled = true;
        });
      },
      replaceBlock: (call, callback) => {
        call.resume();
        callback(apiError('block-invalid', 'tx 3: its sender is nobody'));
      },
    });
    const client = clientOf(api);
    async function* broken(): AsyncGenerator<BlockPart> {
      yield { kind: 'header', version: 1 };
      await arrived;
      throw new Error('the file ends in the middle');
    }
    expect(await failureOf(client.submit(broken))).toMatchObject({ message: 'the file ends in the middle' });
    await expect.poll(() => wasCancelled).toBe(true);
    expect(await failureOf(client.replace('abcdef', parts))).toMatchObject({
      code: 'block-invalid',
      message: 'tx 3: its sender is nobody',
    });
  });
});

test('calls that take too long say so, and one that is refused names the fault of the server', async () => {
  const api = await serve({ getBlock: () => undefined });
  const client = clientOf(api, { callTimeoutMs: 100 });
  expect(await failureOf(client.block(BLOCK_ID))).toMatchObject({
    code: 'server-unavailable',
    message: expect.stringMatching(/^the server at 127\.0\.0\.1:\d+ did not answer in time$/),
  });
  expect(await failureOf(client.cancel(BLOCK_ID))).toMatchObject({
    code: 'internal',
    message: /does not know this call/,
  });
});

test('arguments that nothing can be done with are refused on this side', async () => {
  const client = clientOf(await serve({}));
  for (const windowMs of [Number.NaN, -1, 0, Number.POSITIVE_INFINITY]) {
    expect(await failureOf(client.submit(parts, { windowMs }))).toMatchObject({ code: 'usage', message: /window/ });
  }
  expect(await failureOf(collect(client.proofs(BLOCK_ID, { levels: -1 })))).toMatchObject({ code: 'usage' });
});

test('any number of calls at once brings no warning of a leak', async () => {
  const api = await serve({ getBlock: (_, callback) => callback(null, { block: blockToWire(BLOCK) }) });
  const client = clientOf(api);
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => warnings.push(warning);
  process.on('warning', onWarning);
  onTestFinished(() => void process.off('warning', onWarning));
  await Promise.all(Array.from({ length: 30 }, () => client.block(BLOCK_ID)));
  // Warnings are told of on a later turn.
  await new Promise(setImmediate);
  expect(warnings).toEqual([]);
});

test('blocks are asked for page by page', async () => {
  const tokens: string[] = [];
  const api = await serve({
    listBlocks: ({ request }, callback) => {
      tokens.push(request.pageToken);
      const nextPageToken = request.pageToken === '' ? 'more' : '';
      callback(null, { blocks: [blockToWire(BLOCK), blockToWire(BLOCK)], nextPageToken });
    },
  });
  const client = clientOf(api);
  expect(await collect(client.blocks({ states: ['proving'] }))).toHaveLength(4);
  expect(tokens).toEqual(['', 'more']);
  for await (const block of client.blocks()) {
    expect(block).toEqual(BLOCK);
    break;
  }
  expect(tokens).toHaveLength(3);
});

describe('options that cannot be followed', () => {
  test.each<[ClientOptions, RegExp]>([
    [{ server: 'http://x' }, /^"http:\/\/x" is no address of a server$/],
    [{ server: 'x:0' }, /no address/],
    [{ server: 'x:65536' }, /no address/],
    [{ server: '[1.2.3]:5' }, /no address/],
    [{ server: 'prover.example:7420', token: 'abc' }, /token would travel to prover\.example:7420 in plain text/],
    [{ server: 'x', token: 'a b', tls: true }, /the token has characters that no token has/],
    [{ server: 'x', tls: { cert: 'abc' } }, /there is a certificate of the client, and no key to it/],
    [{ server: 'x', tls: { key: 'abc' } }, /there is a key of the client, and no certificate to it/],
  ])('%j', (options, message) => {
    const thrown = (() => {
      try {
        createClient(options);
      } catch (error) {
        return error;
      }
      return undefined;
    })();
    expect(thrown).toMatchObject({ code: 'usage', message: expect.stringMatching(message) });
    expect(String(thrown)).not.toContain('abc');
  });

  test('none of these is one', () => {
    for (const options of [
      { server: '[::1]', token: 'abc' },
      { server: 'localhost:1', token: 'abc==' },
      { server: '127.1.2.3', token: 'abc' },
      { server: 'a.example', token: 'abc', tls: true },
      { server: 'a.example', token: 'abc', allowTokenInPlainText: true },
    ]) {
      createClient(options).close();
    }
  });
});
