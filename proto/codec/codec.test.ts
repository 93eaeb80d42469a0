import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ERROR_CODES, type ErrorCode, type SerializedError } from '../../common/index.js';
import {
  type BlockPart,
  type BlockState,
  type BlockView,
  blockFromWire,
  blockPartFromWire,
  blockPartToWire,
  blockToWire,
  type Capacity,
  CIRCUIT_NAMES,
  capacityFromWire,
  capacityToWire,
  cursorFromText,
  cursorToText,
  eventFromWire,
  eventToWire,
  FIELD_MODULUS,
  type Forecast,
  failureFromWire,
  failureToWire,
  outcomeFromWire,
  outcomeToWire,
  type ProofRecord,
  proofFromWire,
  proofToWire,
  RESOURCE_CLASSES,
  signProof,
  submissionFromWire,
  submissionToWire,
  summaryFromWire,
  summaryOf,
  summaryToWire,
  verifySignature,
  type WatchedEventBody,
  type WorkerInfo,
  wire,
  workerFromWire,
  workerToWire,
} from '../index.js';

/** As bytes and back: what the codec makes must also survive the encoding. */
function overTheWire<T>(
  type: { encode(value: T): { finish(): Uint8Array }; decode(bytes: Uint8Array): T },
  value: T,
): T {
  return type.decode(Buffer.from(type.encode(value).finish()));
}

const count = fc.nat({ max: 2 ** 31 });
const timeMs = fc.integer({ min: 1, max: 2 ** 45 });
const exactMs = fc.double({ min: 0, max: 2e12, noNaN: true, noDefaultInfinity: true });
const text = fc.string({ maxLength: 60, unit: 'binary' });
const word = fc.string({ minLength: 1, maxLength: 40, unit: 'grapheme-ascii' });
const hex = (bytes: number) =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((value) => Buffer.from(value).toString('hex'));
const field = fc.oneof(fc.bigInt(0n, FIELD_MODULUS - 1n), fc.bigInt(0n, 300n), fc.constant(FIELD_MODULUS - 1n));
const bytes = (max: number) => fc.uint8Array({ maxLength: max }).map((value) => new Uint8Array(value));
const srs = fc.constantFrom('canonical', 'development', 'none' as const);
const resourceClass = fc.constantFrom(...RESOURCE_CLASSES);
const circuit = fc.constantFrom(...CIRCUIT_NAMES);

const call = fc.record({
  contract: field,
  calldata: fc.array(field, { maxLength: 8 }),
  gasLimit: fc.integer({ min: 1, max: 4096 }),
});
const transaction = fc.record({
  sender: field,
  nullifier: field,
  calls: fc.array(call, { maxLength: 4 }),
  clientProof: fc.record({ proof: bytes(300), srs }),
});
const storage = fc.record({ contract: field, slot: field, value: field });
const contract = fc.record({
  name: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/),
  address: field,
  salt: field,
  source: text,
});
const part: fc.Arbitrary<BlockPart> = fc.oneof(
  fc.constant({ kind: 'header', version: 1 } as const),
  fc.record({
    kind: fc.constant('state' as const),
    storage: fc.array(storage, { maxLength: 5 }),
    nullifiers: fc.array(field, { maxLength: 5 }),
  }),
  fc.record({ kind: fc.constant('contracts' as const), contracts: fc.array(contract, { maxLength: 3 }) }),
  fc.record({ kind: fc.constant('transactions' as const), transactions: fc.array(transaction, { maxLength: 4 }) }),
);

const failure: fc.Arbitrary<SerializedError> = fc.record(
  {
    code: fc.constantFrom(...(Object.keys(ERROR_CODES) as ErrorCode[])),
    message: text,
    remedy: word,
    subject: word,
  },
  { requiredKeys: ['code', 'message'] },
);
const demand = fc.record({ resourceClass, queued: count, running: count, soon: count, soonMs: count, slots: count });
const forecast: fc.Arbitrary<Forecast> = fc.record({
  rootAtMs: fc.option(timeMs),
  demand: fc.array(demand, { maxLength: 3 }),
  late: fc.option(
    fc.record({
      cause: fc.constantFrom('workers', 'older-blocks', 'critical-path', 'deadline-passed' as const),
      resourceClass: fc.option(resourceClass),
      missingSlots: count,
      missingWorkers: count,
      message: text,
    }),
  ),
});
const level = fc.record({ name: text, jobs: count, done: count, running: count });
const view: fc.Arbitrary<BlockView> = fc.record({
  blockId: hex(32),
  state: fc.constantFrom<BlockState[]>('queued', 'preparing', 'proving', 'cancelling', 'proven', 'failed', 'cancelled'),
  transactions: count,
  calls: count,
  submittedAtMs: timeMs,
  deadlineAtMs: fc.option(timeMs),
  owner: fc.option(word),
  jobs: count,
  done: count,
  running: count,
  levels: fc.array(level, { maxLength: 3 }),
  forecast: fc.option(forecast),
  endedAtMs: fc.option(timeMs),
  rootId: fc.option(word),
  error: fc.option(failure),
  failedJob: fc.option(word),
  keepProofs: fc.boolean(),
});
const place = { jobId: word, circuit, level: count };
const event: fc.Arbitrary<WatchedEventBody> = fc.oneof(
  fc.record({
    kind: fc.constant('snapshot' as const),
    reason: fc.constantFrom('start', 'planned', 'caught-up' as const),
    block: view,
  }),
  fc.record({ kind: fc.constant('job-started' as const), ...place, workerId: word, attempt: count }),
  fc.record({ kind: fc.constant('job-given-back' as const), ...place, workerId: word, attempt: count }),
  fc.record({ kind: fc.constant('job-proven' as const), ...place, workerId: word, attempts: count, wallMs: exactMs }),
  fc.record({ kind: fc.constant('job-retried' as const), ...place, attempt: count, delayMs: count, error: failure }),
  fc.record({ kind: fc.constant('proof-lost' as const), jobId: word, message: text }),
  fc.record({ kind: fc.constant('recounted' as const), levels: fc.array(level, { maxLength: 3 }) }),
  fc.record({ kind: fc.constant('forecast' as const), forecast }),
  fc.record({ kind: fc.constant('ended' as const), block: view }),
);

const prover = fc.record({
  kind: fc.constantFrom('native', 'wasm', 'external', 'simulated' as const),
  version: text,
  srs,
});
const unsigned: fc.Arbitrary<Omit<ProofRecord, 'signature'>> = fc.record({
  jobId: word,
  circuit,
  keyHash: text,
  prover,
  workerId: word,
  startedAtMs: exactMs,
  finishedAtMs: exactMs,
  threads: count,
  usage: fc.record({ wallMs: exactMs, cpuMs: fc.option(exactMs), peakMemoryBytes: fc.option(exactMs) }),
  timings: fc.record({ queuedMs: exactMs, witnessMs: exactMs, proveMs: exactMs, verifyMs: exactMs, storeMs: exactMs }),
  attempts: fc.integer({ min: 1, max: 1000 }),
  proof: bytes(200),
  publicInputs: fc.array(
    hex(32).map((digits) => `0x${digits}`),
    { maxLength: 4 },
  ),
});
const worker: fc.Arbitrary<WorkerInfo> = fc.record(
  {
    workerId: word,
    resources: fc.record({ cores: exactMs, memoryBytes: exactMs, gpus: count }),
    classes: fc.uniqueArray(resourceClass),
    profile: text,
    prover,
    publicKey: hex(32),
    startedAtMs: timeMs,
    state: fc.constantFrom('working', 'draining' as const),
    running: count,
    idle: fc.dictionary(resourceClass, count),
    provingSinceMs: fc.array(timeMs, { minLength: 1, maxLength: 3 }),
    idleSinceMs: timeMs,
  },
  {
    requiredKeys: [
      'workerId',
      'resources',
      'classes',
      'profile',
      'prover',
      'publicKey',
      'startedAtMs',
      'state',
      'running',
      'idle',
    ],
  },
) as fc.Arbitrary<WorkerInfo>;

const { privateKey } = generateKeyPairSync('ed25519');

describe('what was sent is what comes', () => {
  test('parts of a block', () => {
    fc.assert(
      fc.property(part, (sent) => {
        const came = blockPartFromWire(overTheWire(wire.BlockPart, blockPartToWire(sent)));
        expect(plain(came)).toEqual(plain(sent));
      }),
    );
  });

  test('what a submission says', () => {
    const submission = fc.record({
      blockId: fc.option(hex(32)),
      windowMs: fc.option(fc.integer({ min: 1, max: 604_800_000 })),
      keepProofs: fc.boolean(),
    });
    fc.assert(
      fc.property(submission, (sent) => {
        const { part: came } = overTheWire(wire.BlockPart, submissionToWire(sent));
        expect(came?.$case).toBe('header');
        if (came?.$case === 'header') expect(submissionFromWire(came.value)).toEqual(sent);
      }),
    );
    for (const outcome of ['submitted', 'open', 'proven'] as const) {
      expect(outcomeFromWire(outcomeToWire(outcome))).toBe(outcome);
    }
  });

  test('blocks', () => {
    fc.assert(
      fc.property(view, (sent) => {
        expect(blockFromWire(overTheWire(wire.Block, blockToWire(sent)))).toEqual(sent);
      }),
    );
  });

  test('events, with their place', () => {
    fc.assert(
      fc.property(event, count, count, timeMs, fc.option(timeMs), (body, epoch, seq, atMs, deadlineAtMs) => {
        const cursor = { epoch, seq };
        const sent = { ...body, atMs, cursor: cursorToText(cursor) };
        const came = eventFromWire(overTheWire(wire.BlockEvent, eventToWire(sent, deadlineAtMs)));
        expect(came).toEqual(sent);
        expect(cursorFromText(came.cursor)).toEqual(cursor);
      }),
    );
  });

  test('proofs: their signatures hold, in whole and as a summary', () => {
    fc.assert(
      fc.property(unsigned, fc.boolean(), (record, isSigned) => {
        const sent: ProofRecord = { ...record, signature: isSigned ? signProof(record, privateKey) : null };
        const came = proofFromWire(overTheWire(wire.Proof, proofToWire(sent)));
        expect(plain(came)).toEqual(plain(sent));
        expect(verifySignature(came)).toBe(isSigned);
        const summary = summaryFromWire(overTheWire(wire.ProofSummary, summaryToWire(summaryOf(sent))));
        expect(verifySignature(summary)).toBe(isSigned);
      }),
    );
  });

  test('workers', () => {
    fc.assert(
      fc.property(worker, (sent) => {
        expect(plain(workerFromWire(overTheWire(wire.Worker, workerToWire(sent))))).toEqual(plain(sent));
      }),
    );
  });

  test('capacity', () => {
    const outlook = fc.record({
      blockId: hex(32),
      timeLeftMs: fc.option(fc.integer().filter((ms) => ms !== 0)),
      forecast: fc.option(forecast),
    });
    const capacity = fc.record({
      demand: fc.array(demand, { maxLength: 3 }),
      workers: fc.dictionary(resourceClass, count),
      blocks: fc.array(outlook, { maxLength: 3 }),
    }) as fc.Arbitrary<Capacity>;
    fc.assert(
      fc.property(capacity, timeMs, (sent, nowMs) => {
        const came = capacityFromWire(overTheWire(wire.GetCapacityResponse, capacityToWire(sent, nowMs)));
        expect(plain(came)).toEqual(plain(sent));
      }),
    );
  });

  test('failures; a code of a newer version becomes internal', () => {
    fc.assert(
      fc.property(failure, (sent) => {
        expect(failureFromWire(overTheWire(wire.Failure, failureToWire(sent)))).toEqual(sent);
      }),
    );
    expect(failureFromWire({ code: 'moon-full', message: 'it is full', remedy: '', subject: '' })).toEqual({
      code: 'internal',
      message: '[moon-full] it is full',
    });
  });

  test('slack is the time from root to deadline', () => {
    const sent: WatchedEventBody = { kind: 'forecast', forecast: { rootAtMs: 1_500.4, demand: [], late: null } };
    const { event: body } = eventToWire({ ...sent, atMs: 1_000, cursor: '1-1' }, 2_000);
    expect(body).toMatchObject({ $case: 'forecast', value: { rootAtMs: 1_500, slackMs: 500 } });
  });
});

describe('what came is refused, with place and value', () => {
  const good = { sender: 1n, nullifier: 2n, calls: [{ contract: 3n, calldata: Array(7).fill(4n), gasLimit: 5 }] };
  const clientProof = { proof: new Uint8Array(4), srs: 'none' } as const;

  /** A part of four transactions, the last one changed. */
  function withFault(change: (transaction: wire.Transaction) => void): wire.BlockPart {
    const sent = blockPartToWire({ kind: 'transactions', transactions: Array(4).fill({ ...good, clientProof }) });
    if (sent.part?.$case !== 'transactions') throw new Error('no transactions');
    const last = sent.part.value.transactions[3];
    if (last !== undefined) change(last);
    return sent;
  }

  const modulus = Buffer.from(FIELD_MODULUS.toString(16), 'hex');
  test.each<[string, (transaction: wire.Transaction) => void, RegExp]>([
    ['a long field', (tx) => (tx.sender = Buffer.alloc(33)), /^transaction 3 of this part: sender has 33 bytes$/],
    ['the order', (tx) => (tx.nullifier = modulus), /^transaction 3 of this part: nullifier is 0x30644e72e131/],
    [
      'much gas',
      ({ calls }) => Object.assign(calls[0] ?? {}, { gasLimit: 4097 }),
      /3 of this part: call 0, gas_limit is 4097$/,
    ],
    [
      'much calldata',
      ({ calls }) => Object.assign(calls[0] ?? {}, { calldata: Array(9).fill(Buffer.alloc(1)) }),
      /^transaction 3 of this part: call 0, calldata words: there are 9$/,
    ],
    [
      'a word too large',
      ({ calls }) => Object.assign(calls[0]?.calldata ?? [], { 7: modulus }),
      /^transaction 3 of this part: call 0, calldata 7 is 0x30644e72/,
    ],
    [
      'many calls',
      (tx) => (tx.calls = Array(1025).fill(tx.calls[0])),
      /^transaction 3 of this part: calls: there are 1025$/,
    ],
    [
      'a long proof',
      (tx) => (tx.clientProof = Buffer.alloc(32_769)),
      /^transaction 3 of this part: client_proof has 32769 bytes$/,
    ],
    ['no SRS', (tx) => (tx.clientProofSrs = 0), /^transaction 3 of this part: client_proof_srs is 0$/],
    ['an SRS of the future', (tx) => Object.assign(tx, { clientProofSrs: 17 }), /client_proof_srs is 17$/],
  ])('%s', (_name, change, message) => {
    const fault = thrownBy(() => blockPartFromWire(withFault(change)));
    expect(fault).toMatchObject({ code: 'block-invalid', message: expect.stringMatching(message) });
    expect(fault.remedy).toMatch(/^allowed: /);
  });

  test('contracts, headers, and parts of nothing', () => {
    const contracts = (name: string, source = '') =>
      blockPartFromWire(blockPartToWire({ kind: 'contracts', contracts: [{ name, address: 1n, salt: 2n, source }] }));
    expect(() => contracts('a b')).toThrow(/^contract 0 of this part: name is "a b"$/);
    expect(() => contracts('x'.repeat(1_000_000))).toThrow(/name is "x{80}"… \(1000000 characters\)$/);
    expect(() => contracts('a', 'x'.repeat(16_385))).toThrow(/source has 16385 characters/);
    expect(() => blockPartFromWire({ part: undefined })).toThrow(/part of the block is empty/);
    const header = (version: number) => ({
      part: { $case: 'header', value: { version, blockId: '', options: undefined } },
    });
    expect(() => blockPartFromWire(header(2) as wire.BlockPart)).toThrow(/version is 2/);
    const window = { windowMs: 604_800_001, keepProofs: false };
    expect(() => submissionFromWire({ version: 1, blockId: '', options: window })).toThrow(/window_ms, is 604800001/);
    expect(() => submissionFromWire({ version: 1, blockId: 'abc', options: undefined })).toThrow(/block_id .* "abc"/);
  });

  test('cursors', () => {
    for (const text of ['', 'x', '1', '1-', '-1', '1-2-3', '1-2\n', `1-${'9'.repeat(16)}`, ' 1-2', '1.5-2']) {
      expect(thrownBy(() => cursorFromText(text))).toMatchObject({ code: 'request-malformed' });
    }
  });

  test('whatever bytes come, nothing but an EspalierError or an error of the decoder is thrown', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
        const read = (decode: () => unknown) => {
          try {
            decode();
          } catch (thrown) {
            expect(thrown).toBeInstanceOf(Error);
            expect(thrown).not.toBeInstanceOf(TypeError);
          }
        };
        read(() => blockPartFromWire(wire.BlockPart.decode(noise)));
        read(() => eventFromWire(wire.BlockEvent.decode(noise)));
        read(() => proofFromWire(wire.Proof.decode(noise)));
        read(() => workerFromWire(wire.Worker.decode(noise)));
        read(() => blockFromWire(wire.Block.decode(noise)));
      }),
      { numRuns: 1_000 },
    );
  });
});

function thrownBy(work: () => unknown): { code?: string; message: string; remedy?: string } {
  try {
    work();
  } catch (thrown) {
    return thrown as Error;
  }
  throw new Error('nothing was thrown');
}

/** Bytes as hexadecimal, whatever class holds them. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}
