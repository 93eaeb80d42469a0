import { once } from 'node:events';
import { connect } from 'node:net';
import { Metadata } from '@grpc/grpc-js';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { ApiLimits } from '../../orchestrator/index.js';
import { blockId, blockPartToWire, partsOf, submissionToWire, wire } from '../../proto/index.js';
import { simulatedBlock, simulatedEngine } from '../support/simulated-block.js';
import { openApi } from './api-bench.js';
import { bytesClient, endedWith, OK, rawClient, sendBytes, streamEnd, unaryEnd } from './raw-calls.js';

const engine = await simulatedEngine();
const block = await simulatedBlock(engine, [1, 0, 2], 5);
const id = blockId(block);
const { submitBlock, getBlock } = wire.BlockServiceService;

const encode = (part: wire.BlockPart) => Buffer.from(wire.SubmitBlockRequest.encode({ part }).finish());
const header = encode(submissionToWire({ blockId: null, windowMs: null, keepProofs: false }));
/** The parts of a block, after its header. */
const parts = [...partsOf(block)].filter(({ kind }) => kind !== 'header').map((part) => encode(blockPartToWire(part)));

const open = (limits: Partial<ApiLimits>) => openApi({ limits });

/** A watch of the block that goes on. */
async function watching({ blocks }: ReturnType<typeof rawClient>) {
  const stream = blocks.watchBlock({ blockId: id, cursor: '' });
  stream.on('error', () => {});
  onTestFinished(() => stream.cancel());
  await once(stream, 'data');
  return stream;
}

describe('what is too large is refused with RESOURCE_EXHAUSTED and the limit by its name', () => {
  test('a message', async () => {
    const api = await open({ messageBytesMax: 10_000 });
    const end = await sendBytes(bytesClient(api.server.address), submitBlock, [header, Buffer.alloc(10_001)]);
    expect(end).toMatchObject({ status: 'RESOURCE_EXHAUSTED', reason: 'limit-exceeded' });
    expect(end.details).toMatch(/10001 vs 10000.*messageBytesMax/);
    expect(api.refused).toMatchObject([{ path: submitBlock.path, error: { code: 'limit-exceeded' } }]);
  });

  test('a request that needs few bytes', async () => {
    const api = await open({ requestBytesMax: 1_000 });
    const request = Buffer.from(wire.GetBlockRequest.encode({ blockId: 'a'.repeat(1_100) }).finish());
    const end = await sendBytes(bytesClient(api.server.address), getBlock, [request]);
    expect(end).toMatchObject({ status: 'RESOURCE_EXHAUSTED', reason: 'limit-exceeded' });
    expect(end.details).toMatch(/1103 bytes.*1000 \(requestBytesMax\)/);
  });

  test('the headers', async () => {
    const api = await open({ headerBytesMax: 2_000 });
    const metadata = new Metadata();
    metadata.set('x-large', 'x'.repeat(2_000));
    const end = await sendBytes(bytesClient(api.server.address), getBlock, [Buffer.alloc(0)], metadata);
    expect(end).toMatchObject({ status: 'RESOURCE_EXHAUSTED', reason: 'limit-exceeded' });
    expect(end.details).toMatch(/2000 \(headerBytesMax\)/);
  });

  test('a submission, in bytes and in transactions', async () => {
    const bytes = parts.reduce((sum, part) => sum + part.length, header.length);
    for (const [limits, told] of [
      [{ submissionBytesMax: bytes - 1 }, `more than ${bytes - 1} bytes`],
      [{ submissionTransactionsMax: 2 }, 'more than 2 transactions'],
    ] as const) {
      const api = await open(limits);
      const end = await sendBytes(bytesClient(api.server.address), submitBlock, [header, ...parts]);
      expect(end).toMatchObject({ status: 'RESOURCE_EXHAUSTED', reason: 'limit-exceeded' });
      expect(end.details).toContain(told);
      expect(await api.board.list()).toEqual([]);
    }
    const enough = await open({ submissionBytesMax: bytes, submissionTransactionsMax: 3 });
    expect(await sendBytes(bytesClient(enough.server.address), submitBlock, [header, ...parts])).toEqual(OK);
  });
});

describe('what is too much is refused with RESOURCE_EXHAUSTED and a time to come back', () => {
  const passing = { status: 'RESOURCE_EXHAUSTED', retryDelayMs: 1_000 };

  test('calls a second, which come back with time', async () => {
    const api = await open({ requestsPerSecond: 5, requestsBurst: 3 });
    const raw = bytesClient(api.server.address);
    const call = () => sendBytes(raw, wire.FleetServiceService.listWorkers, [Buffer.alloc(0)]);
    const ends = await Promise.all([call(), call(), call(), call(), call()]);
    expect(ends.filter(({ status }) => status === 'OK')).toHaveLength(3);
    expect(ends.at(-1)).toMatchObject({ ...passing, reason: 'rate-limited' });
    expect(ends.at(-1)?.details).toContain('5 times a second (requestsPerSecond)');
    await expect.poll(async () => (await call()).status, { interval: 50 }).toBe('OK');
  });

  test('streams of one caller, and of all', async () => {
    for (const [limits, reason, told] of [
      [{ streamsPerPrincipalMax: 2 }, 'limit-exceeded', '2 streams open already, as many as one may have'],
      [{ streamsMax: 2 }, 'server-busy', '2 streams are open already, as many as may be at once (streamsMax)'],
    ] as const) {
      const api = await open({ ...limits, ...('streamsMax' in limits ? {} : { streamsMax: 10 }) });
      await api.client.submit(block);
      const watches = [await watching(rawClient(api.server.address)), await watching(rawClient(api.server.address))];
      const one = rawClient(api.server.address);
      const end = await streamEnd(one.blocks.watchBlock({ blockId: id, cursor: '' }));
      expect(end).toMatchObject({ status: 'RESOURCE_EXHAUSTED', reason });
      expect(end.details).toContain(told);
      watches[0]?.cancel();
      // Its place is free then.
      const again = async () => {
        const stream = one.blocks.watchBlock({ blockId: id, cursor: '' });
        stream.on('error', () => {});
        const status = await Promise.race([
          once(stream, 'data').then(() => 'OK'),
          new Promise((resolve) => stream.on('status', (ended) => resolve(endedWith(ended).status))),
        ]);
        stream.cancel();
        return status;
      };
      await expect.poll(again).toBe('OK');
    }
  });

  test('submissions at once', async () => {
    const api = await open({ uploadsMax: 1 });
    const raw = rawClient(api.server.address);
    let first: unknown;
    const waiting = raw.blocks.submitBlock((error, answer) => {
      first = error ?? answer;
    });
    waiting.write(wire.SubmitBlockRequest.decode(header));
    const second = () => sendBytes(bytesClient(api.server.address), submitBlock, [header, ...parts]);
    // When the first has come to its handler.
    await expect.poll(async () => (await second()).reason).toBe('server-busy');
    expect(await second()).toMatchObject({ ...passing, details: expect.stringContaining('(uploadsMax)') });
    for (const part of parts) waiting.write(wire.SubmitBlockRequest.decode(part));
    waiting.end();
    await expect.poll(() => first).toMatchObject({ blockId: id });
    expect(await second()).toEqual(OK);
  });

  test('open blocks; those that are open may be submitted again', async () => {
    const api = await open({ blocksOpenMax: 1 });
    await api.client.submit(block);
    await expect(api.client.submit(await simulatedBlock(engine, [1], 6))).rejects.toMatchObject({
      code: 'queue-full',
      message: expect.stringContaining('(blocksOpenMax: 1)'),
    });
    expect(await api.client.submit(block)).toMatchObject({ outcome: 'open' });
  });

  test('connections', async () => {
    const troubles: string[] = [];
    const api = await openApi({ limits: { connectionsMax: 2 }, onTrouble: (line) => troubles.push(line) });
    const [host = '', port = ''] = api.server.address.split(':');
    const sockets = [1, 2, 3, 4].map(() => connect({ host, port: Number(port) }).on('error', () => {}));
    onTestFinished(() => sockets.forEach((socket) => void socket.destroy()));
    await Promise.all(sockets.slice(2).map((socket) => once(socket.resume(), 'close')));
    expect(troubles).toEqual([expect.stringContaining('2 connections, as many as it takes (connectionsMax)')]);
    for (const socket of sockets) socket.destroy();
    await expect
      .poll(() =>
        api.client.workers().then(
          () => 'answered',
          () => 'refused',
        ),
      )
      .toBe('answered');
  });
});

describe('what stands still is ended with DEADLINE_EXCEEDED', () => {
  test('an upload', async () => {
    const api = await open({ uploadStallMs: 200 });
    const { blocks } = rawClient(api.server.address);
    const end = await unaryEnd<wire.SubmitBlockResponse>((done) =>
      blocks.submitBlock(done).write(wire.SubmitBlockRequest.decode(header)),
    );
    expect(end).toMatchObject({ status: 'DEADLINE_EXCEEDED', reason: 'call-timeout' });
    expect(end.details).toContain('(uploadStallMs)');
  });

  test('a call whose request never comes', async () => {
    const api = await open({ uploadStallMs: 200 });
    const client = bytesClient(api.server.address);
    const asIs = (bytes: Buffer) => bytes;
    // To the client it is a stream; so it sends headers alone.
    const end = await unaryEnd((done) => client.makeClientStreamRequest(getBlock.path, asIs, asIs, done));
    expect(end).toMatchObject({ status: 'DEADLINE_EXCEEDED', reason: 'call-timeout' });
    expect(api.refused).toMatchObject([{ path: getBlock.path, error: { code: 'call-timeout' } }]);
  });

  test('a call that the queue does not answer', async () => {
    const api = await open({ callMs: 200 });
    api.board.list = () => new Promise(() => {});
    const end = await sendBytes(bytesClient(api.server.address), wire.BlockServiceService.listBlocks, [
      Buffer.alloc(0),
    ]);
    expect(end).toMatchObject({ status: 'DEADLINE_EXCEEDED', reason: 'call-timeout' });
    expect(end.details).toContain('(callMs)');
  });
});

test('a limit that is none is refused at the start', async () => {
  await expect(open({ streamsMax: 0 })).rejects.toMatchObject({
    code: 'usage',
    message: 'the limit streamsMax of the API is 0',
  });
});
