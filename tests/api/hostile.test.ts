import { once } from 'node:events';
import { constants } from 'node:http2';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { deflateSync, gzipSync } from 'node:zlib';
import { status } from '@grpc/grpc-js';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { ApiLimits } from '../../orchestrator/index.js';
import { blockId, wire } from '../../proto/index.js';
import { framed, http2Call, http2Session } from '../support/http2-call.js';
import { simulatedBlock, simulatedEngine } from '../support/simulated-block.js';
import { openApi } from './api-bench.js';
import { bytesClient, rawClient, sendBytes, unaryEnd } from './raw-calls.js';

const engine = await simulatedEngine();
const block = await simulatedBlock(engine, [0], 7);
const id = blockId(block);

const { submitBlock, replaceBlock, listBlocks, watchBlock, getBlock } = wire.BlockServiceService;
const METHODS = [wire.BlockServiceService, wire.FleetServiceService].flatMap((service) => Object.values(service));
const REFLECTION = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';
const MIB = 2 ** 20;

/** The API with a block, and another client whose calls must go on whatever happens. */
async function attacked(limits: Partial<ApiLimits> = {}) {
  const api = await openApi({ limits });
  await api.client.submit(block);
  const othersGoOn = async () => expect(await api.client.block(id)).toMatchObject({ blockId: id });
  return { ...api, address: api.server.address, othersGoOn };
}

describe('messages that are none', () => {
  test('are refused with INVALID_ARGUMENT by every method', async () => {
    const { address, othersGoOn, refused } = await attacked();
    const client = bytesClient(address);
    const tooLong = Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x07, 1, 2, 3]);
    const noEnd = Buffer.alloc(32, 0xff);
    for (const method of METHODS) {
      for (const bytes of [tooLong, noEnd]) {
        const end = await sendBytes(client, method, [bytes]);
        expect([method.path, end.status, end.reason]).toEqual([method.path, 'INVALID_ARGUMENT', 'request-malformed']);
      }
    }
    expect(refused).toHaveLength(2 * METHODS.length);
    expect(refused[0]).toMatchObject({ principal: { name: 'anyone' }, peer: '127.0.0.1' });
    await othersGoOn();
  });

  test('with a depth that exhausts the stack, and with numbers beyond what counts, likewise', async () => {
    const { address, othersGoOn } = await attacked();
    const client = bytesClient(address);
    // Groups in groups, of a field that nobody knows.
    const deep = Buffer.alloc(60_000, 0x7b);
    const beyond = Buffer.from([0x0a, 0x06, 0x1a, 0x04, 0x0a, 0x02, 0x08, 0xff]);
    for (const bytes of [deep, beyond]) {
      const end = await sendBytes(client, submitBlock, [bytes]);
      expect([end.status, end.reason]).toEqual(['INVALID_ARGUMENT', 'request-malformed']);
    }
    await othersGoOn();
  });

  test('whose content is out of bounds name the value, whatever characters are in it', async () => {
    const { address, othersGoOn } = await attacked();
    const { blocks } = rawClient(address);
    for (const text of ['\u{1f332}'.repeat(500), '漢'.repeat(5_000), '\n\r\0%%', 'a"b\\c', `${'x'.repeat(64)}\ud83c`]) {
      const end = await unaryEnd<wire.GetBlockResponse>((done) => blocks.getBlock({ blockId: text }, done));
      expect([end.status, end.reason]).toEqual(['INVALID_ARGUMENT', 'request-malformed']);
    }
    for (const jobId of ['../results/x', '', 'a/b', '.', 'x'.repeat(300), '漢']) {
      const which = { $case: 'jobId', value: jobId } as const;
      const end = await unaryEnd<wire.GetProofResponse>((done) => blocks.getProof({ which }, done));
      expect([end.status, end.reason]).toEqual(['INVALID_ARGUMENT', 'request-malformed']);
    }
    await othersGoOn();
  });
});

describe('small messages that are large in memory', () => {
  test('are counted before they are decoded', async () => {
    const { address, othersGoOn } = await attacked();
    const transactions = Buffer.alloc(3 * MIB);
    for (let at = 0; at < transactions.length; at += 2) transactions.writeUInt16BE(0x0a00, at);
    const nested = (field: number, inner: Buffer) => {
      const length: number[] = [];
      for (let rest = inner.length; ; rest >>>= 7) {
        length.push(rest > 127 ? (rest & 127) | 128 : rest);
        if (rest <= 127) break;
      }
      return Buffer.concat([Buffer.from([field * 8 + 2, ...length]), inner]);
    };
    const before = process.memoryUsage().rss;
    const client = bytesClient(address);
    for (const [method, field] of [
      [submitBlock, 1],
      [replaceBlock, 2],
    ] as const) {
      const end = await sendBytes(client, method, [nested(field, nested(4, transactions))]);
      expect(end).toMatchObject({ status: 'RESOURCE_EXHAUSTED', reason: 'limit-exceeded' });
      expect(end.details).toContain('more than 131072 values (messageValuesMax)');
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(150 * MIB);
    await othersGoOn();
  });

  test.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
  ])('are bounded as they are unpacked: %s', async (encoding, pack) => {
    const { address, othersGoOn } = await attacked();
    const bomb = pack(Buffer.alloc(100 * MIB));
    const before = process.memoryUsage().rss;
    const call = http2Call(http2Session(address), submitBlock.path, { 'grpc-encoding': encoding });
    call.stream.write(framed(bomb, { compressed: true }));
    const end = await call.end();
    expect(end.grpcStatus).toBe(status.RESOURCE_EXHAUSTED);
    expect(end.message).toContain('messageBytesMax');
    expect(process.memoryUsage().rss - before).toBeLessThan(60 * MIB);
    await othersGoOn();
  });
});

describe('calls that no library makes', () => {
  test.each([
    [
      'packed with something else',
      { 'grpc-encoding': 'brotli' },
      framed(Buffer.from('x'), { compressed: true }),
      status.UNIMPLEMENTED,
    ],
    [
      'packed wrongly',
      { 'grpc-encoding': 'gzip' },
      framed(Buffer.from('xx'), { compressed: true }),
      status.INVALID_ARGUMENT,
    ],
    ['with a deadline that is none', { 'grpc-timeout': 'soon' }, framed(Buffer.alloc(0)), status.INVALID_ARGUMENT],
    ['with two requests', {}, Buffer.concat([framed(Buffer.alloc(0)), framed(Buffer.alloc(0))]), status.UNIMPLEMENTED],
    ['with half a request', {}, framed(Buffer.from('half'), { length: 100 }), status.UNIMPLEMENTED],
    [
      'with a request of four gigabytes',
      {},
      framed(Buffer.from('x'), { length: 2 ** 32 - 1 }),
      status.RESOURCE_EXHAUSTED,
    ],
  ])('%s', async (_, headers, bytes, expected) => {
    const { address, othersGoOn } = await attacked();
    const call = http2Call(http2Session(address), getBlock.path, headers);
    call.stream.end(bytes);
    expect((await call.end()).grpcStatus).toBe(expected);
    await othersGoOn();
  });

  test('to methods and paths that are none are UNIMPLEMENTED, and no gRPC is no gRPC', async () => {
    const { address, othersGoOn } = await attacked();
    const session = http2Session(address);
    for (const path of ['/', '/espalier.v1.BlockService/DropAll', '/x/y/z?q#é', `/${'a'.repeat(9_000)}`]) {
      const call = http2Call(session, path);
      call.stream.end();
      expect([path.slice(0, 50), (await call.end()).grpcStatus]).toEqual([path.slice(0, 50), status.UNIMPLEMENTED]);
    }
    const web = http2Call(session, getBlock.path, { 'content-type': 'application/json' });
    web.stream.end('{}');
    expect(await web.end()).toMatchObject({ httpStatus: 415 });
    await othersGoOn();
  });

  test('bytes that are no HTTP/2 end their connection and nothing else', async () => {
    const { address, othersGoOn } = await attacked();
    const [host = '', port = ''] = address.split(':');
    const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
    for (const bytes of [
      Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
      Buffer.alloc(1_000, 0xff),
      Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]),
      Buffer.concat([Buffer.from(preface), Buffer.from([0xff, 0xff, 0xff, 0x00, 0x00, 0, 0, 0, 1])]),
      Buffer.concat([
        Buffer.from(preface),
        Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 5, 9, 0, 0, 0, 0, 1, 1, 2, 3, 4, 5]),
      ]),
    ]) {
      const socket = connect({ host, port: Number(port) }).on('error', () => {});
      onTestFinished(() => void socket.destroy());
      socket.write(bytes);
      // Of what is cut off in the middle the server waits for the rest.
      await Promise.race([once(socket.resume(), 'close'), delay(500)]);
    }
    await othersGoOn();
  });
});

describe('readers who do not read', () => {
  /** As of a client that takes none of it. */
  const noWindow = { settings: { initialWindowSize: 0 } };

  test('of a stream: it is reset when nothing was taken for long, and its place is free', async () => {
    const { address, othersGoOn, refused } = await attacked({ readerStallMs: 300, streamsMax: 1 });
    const call = http2Call(http2Session(address, noWindow), watchBlock.path);
    call.stream.end(framed(Buffer.from(wire.WatchBlockRequest.encode({ blockId: id, cursor: '' }).finish())));
    await call.closed;
    expect(call.stream.rstCode).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    expect(refused).toMatchObject([{ path: watchBlock.path, error: { code: 'call-timeout' } }]);
    const { blocks } = rawClient(address);
    const again = blocks.watchBlock({ blockId: id, cursor: '' });
    again.on('error', () => {});
    await once(again, 'data');
    again.cancel();
    await othersGoOn();
  });

  test('of an answer: likewise', async () => {
    const { address, othersGoOn, connect } = await attacked({ callMs: 300, callsMax: 2 });
    // One that does not try again when it is refused for now.
    const client = connect({ connectTimeoutMs: 1 });
    await client.workers();
    const session = http2Session(address, noWindow);
    const calls = [1, 2].map(() => http2Call(session, listBlocks.path));
    for (const { stream } of calls) stream.end(framed(Buffer.alloc(0)));
    await expect.poll(() => client.workers().catch((thrown) => thrown.code), { interval: 5 }).toBe('server-busy');
    await Promise.all(calls.map(({ closed }) => closed));
    expect(calls.map(({ stream }) => stream.rstCode)).toEqual([11, 11]);
    await othersGoOn();
  });

  test('of reflection: no more of what it asks is taken', async () => {
    const { address, othersGoOn } = await attacked();
    const { stream } = http2Call(http2Session(address, noWindow), REFLECTION);
    // list_services, in as many messages as the window of the stream takes and many more.
    const asked = framed(Buffer.from([0x3a, 0x01, 0x2a]));
    const all = Buffer.concat(Array.from({ length: 100_000 }, () => asked));
    let isTaken = false;
    stream.write(all, () => {
      isTaken = true;
    });
    await delay(1_000);
    expect(isTaken).toBe(false);
    await othersGoOn();
  });
});

test('a flood of refused calls does not flood the log, which says what it left out', async () => {
  const { address, refused, othersGoOn } = await attacked();
  const client = bytesClient(address);
  const call = () => sendBytes(client, getBlock, [Buffer.from([0xff])]);
  for (let round = 0; round < 10; round++) await Promise.all(Array.from({ length: 50 }, call));
  expect(refused.length).toBeGreaterThanOrEqual(100);
  expect(refused.length).toBeLessThan(200);
  await expect
    .poll(async () => {
      await call();
      return refused.at(-1)?.untold ?? 0;
    })
    .toBeGreaterThan(0);
  await othersGoOn();
});
