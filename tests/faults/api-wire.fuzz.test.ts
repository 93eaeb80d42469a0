import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { type AddressInfo, connect, createServer } from 'node:net';
import { setTimeout as delay, setImmediate } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import { expect, onTestFinished, test } from 'vitest';
import { createClient } from '../../client/index.js';
import { blockId, blockPartToWire, partsOf, submissionToWire, wire } from '../../proto/index.js';
import { openApi } from '../api/api-bench.js';
import { framed, http2Call } from '../support/http2-call.js';
import { simulatedBlock, simulatedEngine } from '../support/simulated-block.js';
import { mutate, SeededRandom } from './support/mutate.js';

/**
 * The API against messages, calls and connections that are almost right: for a minute, from a seed that is printed, so
 * that FUZZ_SEED tries the same again. Each must be answered as gRPC has it, none as a fault of the server's own, and a
 * client beside them must not notice.
 */

const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 32);
const FUZZ_MS = Number(process.env['FUZZ_MS'] ?? 60_000);
const WORKERS = 6;
/** How long to wait for an answer that need not come: of a watch, or to half a frame. */
const PATIENCE_MS = 150;
const GIVEN_UP_MS = 2_000;
const ANSWER_WITHIN_MS = 5_000;
const GROWTH_MAX_BYTES = 400 * 2 ** 20;

const engine = await simulatedEngine();
const block = await simulatedBlock(engine, [1, 0], 11);
const id = blockId(block);

const METHODS = [wire.BlockServiceService, wire.FleetServiceService].flatMap((service) => Object.values(service));
const HEALTH = ['/grpc.health.v1.Health/Check', '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo'];
const PATHS = [...METHODS.map(({ path }) => path), ...HEALTH];

/** Answers that say whose fault it is. Not among them: INTERNAL, UNKNOWN, DATA_LOSS. */
const FAIR: readonly number[] = [
  ...[status.OK, status.INVALID_ARGUMENT, status.NOT_FOUND, status.RESOURCE_EXHAUSTED, status.FAILED_PRECONDITION],
  ...[status.UNIMPLEMENTED, status.DEADLINE_EXCEEDED, status.CANCELLED],
];

const bytesOf = (encoded: { finish(): Uint8Array }) => Buffer.from(encoded.finish());

function corpus(): readonly Buffer[] {
  const header = submissionToWire({ blockId: null, windowMs: 60_000, keepProofs: true });
  const parts = [header, ...[...partsOf(block)].filter(({ kind }) => kind !== 'header').map(blockPartToWire)];
  return [
    ...parts.map((part) => bytesOf(wire.SubmitBlockRequest.encode({ part }))),
    ...parts.map((part) => bytesOf(wire.ReplaceBlockRequest.encode({ step: { $case: 'part', value: part } }))),
    bytesOf(wire.ReplaceBlockRequest.encode({ step: { $case: 'replacedBlockId', value: id } })),
    bytesOf(wire.GetBlockRequest.encode({ blockId: id.slice(0, 8) })),
    bytesOf(wire.ListBlocksRequest.encode({ pageSize: 10, pageToken: 'MSBh', states: [2, 3] })),
    bytesOf(wire.WatchBlockRequest.encode({ blockId: id, cursor: '1-1' })),
    bytesOf(
      wire.StreamProofsRequest.encode({
        ...{ blockId: id, levelsBelowRoot: 3, everyLevel: false, rootOnly: false, cursor: '1-1/7' },
      }),
    ),
    bytesOf(
      wire.GetProofRequest.encode({ which: { $case: 'jobId', value: `base-rollup-private.1.${'ab'.repeat(16)}` } }),
    ),
    bytesOf(wire.DrainWorkerRequest.encode({ workerId: 'm.1', reason: 'why' })),
    Buffer.alloc(0),
  ];
}

const MESSAGES = corpus();

type Api = Awaited<ReturnType<typeof openApi>>;

/** What a worker does, over and over. Resolves with what it did, for the message of a failure; undefined where all was well. */
type Attack = (random: SeededRandom) => Promise<string | undefined>;

/** One call over HTTP/2, its messages, frames and headers changed here and there. */
function callAttack(address: string): Attack {
  let session = connectHttp2(`http://${address}`).on('error', () => {});
  onTestFinished(() => session.destroy());
  return async (random) => {
    // In the very moment in which the server resets one stream, Node's own client must not reset another: up to Node 20.20
    // it would never come back.
    await setImmediate();
    if (session.destroyed || session.closed) session = connectHttp2(`http://${address}`).on('error', () => {});
    const path = random.of(PATHS);
    const count = random.chance(0.7) ? 1 : random.below(6);
    const messages = Array.from({ length: count }, () => mutate(random.of(MESSAGES), random));
    let bytes: Buffer = Buffer.concat(messages.map((message) => framed(message, { compressed: random.chance(0.05) })));
    if (random.chance(0.2)) bytes = mutate(bytes, random);
    const call = http2Call(session, path, headersOf(random));
    for (let at = 0; at < bytes.length; ) {
      const end = at + 1 + random.below(bytes.length);
      call.stream.write(bytes.subarray(at, end));
      at = end;
      if (random.chance(0.1)) await delay(1);
    }
    if (random.chance(0.05)) call.stream.close(random.below(14));
    else if (random.chance(0.9)) call.stream.end();
    const timer = setTimeout(() => call.stream.close(8), PATIENCE_MS);
    const ended = await Promise.race([call.end(), delay(GIVEN_UP_MS)]);
    clearTimeout(timer);
    // Node does not end a stream that it reset without a fault itself.
    if (ended === undefined) session.destroy();
    const { grpcStatus, httpStatus, message } = ended ?? { grpcStatus: undefined, httpStatus: undefined, message: '' };
    if (grpcStatus === undefined || FAIR.includes(grpcStatus)) return undefined;
    return `${path} ${httpStatus} ${status[grpcStatus]}: ${message}; sent ${bytes.toString('base64')}`;
  };
}

function headersOf(random: SeededRandom): Record<string, string> {
  if (random.chance(0.7)) return {};
  const text = () => random.bytes(random.below(40)).toString('base64');
  return random.of([
    { 'grpc-encoding': random.of(['gzip', 'deflate', 'identity', 'x', text()]) },
    { 'grpc-timeout': random.of(['0n', '1S', '99999999H', '-1S', 'soon', text()]) },
    { authorization: `Bearer ${text()}` },
    { 'x-some-bin': random.of(['!', text(), 'AA=,==']) },
    { 'x-long': 'x'.repeat(random.below(20_000)) },
    { 'content-type': random.of(['application/grpc+proto', 'application/json', '']) },
  ]);
}

/** What a client of Espalier sends, as bytes on the connection. */
async function recording(api: Api): Promise<Buffer> {
  const sent: Buffer[] = [];
  const server = createServer((near) => {
    const far = connect({ host: '127.0.0.1', port: api.server.port }).on('error', () => {});
    near.on('error', () => {}).on('data', (bytes) => sent.push(bytes));
    near.pipe(far);
    far.pipe(near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = createClient({ server: `127.0.0.1:${(server.address() as AddressInfo).port}` });
  await client.submit(block);
  await client.block(id);
  client.close();
  server.close();
  return Buffer.concat(sent);
}

/** A connection on which the bytes of a client come, changed here and there. */
function bytesAttack(api: Api, recorded: Buffer): Attack {
  const prefaceEnd = 24;
  return async (random) => {
    const socket = connect({ host: '127.0.0.1', port: api.server.port }).on('error', () => {});
    const preface = random.chance(0.1) ? 0 : prefaceEnd;
    const rest = random.chance(0.1) ? random.bytes(random.below(2_000)) : mutate(recorded.subarray(preface), random);
    socket.write(Buffer.concat([recorded.subarray(0, preface), rest]));
    if (random.chance(0.3)) socket.end();
    await Promise.race([once(socket.resume(), 'close'), delay(PATIENCE_MS)]);
    socket.destroy();
    return undefined;
  };
}

test(`seed ${SEED}: what is almost right is refused as it should be, while another client's calls go on`, async () => {
  const api = await openApi({
    limits: { requestsPerSecond: 1e6, requestsBurst: 1e6, uploadStallMs: 500, blocksOpenMax: 200 },
  });
  const recorded = await recording(api);
  const internal: string[] = [];
  const noteInternal = () => {
    for (const { error, path } of api.refused.splice(0)) {
      if (error.code === 'internal') internal.push(`${path}: ${error.stack} ${String(error.cause)}`);
    }
  };
  const until = performance.now() + FUZZ_MS;
  const faults: string[] = [];
  let [tries, answers, slowestMs] = [0, 0, 0];
  const before = process.memoryUsage().rss;
  const work = async (attack: Attack, random: SeededRandom) => {
    while (performance.now() < until && faults.length === 0) {
      const fault = await attack(random);
      tries += 1;
      if (fault !== undefined) faults.push(fault);
    }
  };
  const beside = async () => {
    while (performance.now() < until) {
      const startedMs = performance.now();
      const { blockId: answered } = await api.client.block(id);
      slowestMs = Math.max(slowestMs, performance.now() - startedMs);
      if (answered === id) answers += 1;
      noteInternal();
      await delay(10);
    }
  };
  const attackers = Array.from({ length: WORKERS }, (_, n) => {
    const attack = n % 3 === 2 ? bytesAttack(api, recorded) : callAttack(api.server.address);
    return work(attack, new SeededRandom(SEED + n));
  });
  await Promise.all([beside(), ...attackers]);
  expect(faults).toEqual([]);
  noteInternal();
  expect(internal).toEqual([]);
  expect(slowestMs).toBeLessThan(ANSWER_WITHIN_MS);
  expect(answers).toBeGreaterThan(FUZZ_MS / 1_000);
  expect(tries).toBeGreaterThan(FUZZ_MS / 100);
  expect(process.memoryUsage().rss - before).toBeLessThan(GROWTH_MAX_BYTES);
  process.stderr.write(
    `${tries} tries, ${answers} answers to another client, the slowest in ${Math.round(slowestMs)} ms\n`,
  );
});
