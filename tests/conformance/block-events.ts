import { afterEach, describe, expect, test } from 'vitest';
import type { BlockEvent, BlockId, EventChunk, EventCursor } from '../../proto/index.js';
import { type BlockEvents, CHUNK_EVENTS_MAX, EVENTS_KEPT_MAX, type EventReader } from '../../queue/index.js';
import { expectCode } from '../support/expect-code.js';

/** Who tells of a block: its owner, or one that was. */
export interface Teller {
  readonly epoch: number;
  publish(chunk: EventChunk): Promise<void>;
  /** The block has ended. */
  end(): Promise<void>;
}

export interface BlockEventsKit {
  /** As one process has it. */
  readonly events: BlockEvents;
  /** Submits the block unless it is open, and takes it over from whoever has it. */
  own(blockId: BlockId): Promise<Teller>;
}

const BEFORE_ALL: EventCursor = { epoch: 0, seq: 0 };
let blocks = 0;
const newBlock = () => `block-${++blocks}`;

/** Longer than any test. */
const QUIET_MS = 60_000;

/** Event number `seq`, which says so. */
export function event(seq: number): BlockEvent {
  return { kind: 'proof-lost', atMs: 1_700_000_000_000, jobId: `j${seq}`, message: 'lost' };
}

export function chunkOf(epoch: number, first: number, count = 1): EventChunk {
  return { epoch, first, events: Array.from({ length: count }, (_, index) => event(first + index)) };
}

/** Reads on from `after` until there is something, and only then. */
export async function nextOf(reader: EventReader, after: EventCursor, max = 1_000) {
  for (;;) {
    const found = reader.read(after, max);
    if (found === 'gone' || found.length > 0) return found;
    await reader.changed(AbortSignal.timeout(10_000), QUIET_MS);
  }
}

/** Places of the events behind `after`, up to and with `until`. */
export async function placesOf(
  reader: EventReader,
  after: EventCursor,
  until: EventCursor,
  max = 1_000,
): Promise<readonly string[] | 'gone'> {
  const places: string[] = [];
  for (let place = after; place.epoch !== until.epoch || place.seq !== until.seq; ) {
    const found = await nextOf(reader, place, max);
    if (found === 'gone') return 'gone';
    for (const { epoch, first, events } of found) {
      for (const [index] of events.entries()) {
        const seq = first + index;
        if (epoch === place.epoch && seq <= place.seq) continue;
        places.push(`${epoch}:${seq}`);
        place = { epoch, seq };
      }
    }
  }
  return places;
}

export const places = (epoch: number, first: number, last: number): readonly string[] =>
  Array.from({ length: last - first + 1 }, (_, index) => `${epoch}:${first + index}`);

/** The contract of `BlockEvents` and `BlockOwner.publish`, for any adapter. */
export function describeBlockEvents(name: string, start: () => Promise<BlockEventsKit>): void {
  describe(name, () => {
    const readers: EventReader[] = [];
    afterEach(() => {
      for (const reader of readers.splice(0)) reader.close();
    });
    const kitOf = async () => {
      const { events, own } = await start();
      const follow = (blockId: BlockId) => {
        const reader = events.follow(blockId);
        readers.push(reader);
        return reader;
      };
      return { own, follow, events };
    };
    describe('a reader', () => describeReading(kitOf));
    describe('history', () => describeHistory(kitOf));
    describe('an owner', () => describeTelling(kitOf));
  });
}

type Kit = Pick<BlockEventsKit, 'own'> & { readonly follow: (blockId: BlockId) => EventReader };
type MakeKit = () => Promise<Kit>;

function describeReading(kitOf: MakeKit): void {
  test('hears in order what was told before it came, and what is told after', async () => {
    const { own, follow } = await kitOf();
    const id = newBlock();
    const owner = await own(id);
    const { epoch } = owner;
    await owner.publish(chunkOf(epoch, 1, 3));
    const early = follow(id);
    expect(await placesOf(early, BEFORE_ALL, { epoch, seq: 3 })).toEqual(places(epoch, 1, 3));
    await owner.publish(chunkOf(epoch, 4));
    await owner.publish(chunkOf(epoch, 5, 2));
    expect(await placesOf(early, { epoch, seq: 3 }, { epoch, seq: 6 })).toEqual(places(epoch, 4, 6));
    expect(await placesOf(follow(id), BEFORE_ALL, { epoch, seq: 6 })).toEqual(places(epoch, 1, 6));
    expect(await placesOf(follow(id), { epoch, seq: 0 }, { epoch, seq: 6 })).toEqual(places(epoch, 1, 6));
    expect(await placesOf(follow(id), { epoch, seq: 2 }, { epoch, seq: 6 })).toEqual(places(epoch, 3, 6));
    expect(await nextOf(early, { epoch, seq: 5 })).toEqual([chunkOf(epoch, 5, 2)]);
    expect(early.read({ epoch, seq: 6 }, 10)).toEqual([]);
  });

  test('may come before anything is told, and wait', async () => {
    const { own, follow } = await kitOf();
    const id = newBlock();
    const reader = follow(id);
    expect(reader.read(BEFORE_ALL, 10)).toEqual([]);
    const { epoch, publish } = await own(id);
    const heard = placesOf(reader, BEFORE_ALL, { epoch, seq: 2 });
    await publish(chunkOf(epoch, 1, 2));
    expect(await heard).toEqual(places(epoch, 1, 2));
  });

  test('gets no more at once than it wants, but one chunk at least', async () => {
    const { own, follow } = await kitOf();
    const id = newBlock();
    const { epoch, publish } = await own(id);
    const reader = follow(id);
    for (let first = 1; first <= 41; first += 5) await publish(chunkOf(epoch, first, 5));
    await placesOf(reader, BEFORE_ALL, { epoch, seq: 45 });
    expect(reader.read(BEFORE_ALL, 3)).toEqual([chunkOf(epoch, 1, 5)]);
    expect(reader.read({ epoch, seq: 10 }, 11)).toEqual([chunkOf(epoch, 11, 5), chunkOf(epoch, 16, 5)]);
    expect(reader.read({ epoch, seq: 12 }, 10)).toEqual([chunkOf(epoch, 11, 5), chunkOf(epoch, 16, 5)]);
  });

  test('is told of a change at once, when there is one, and not after its signal or its end', async () => {
    const { own, follow } = await kitOf();
    const id = newBlock();
    const { epoch, publish } = await own(id);
    const reader = follow(id);
    await publish(chunkOf(epoch, 1));
    await placesOf(reader, BEFORE_ALL, { epoch, seq: 1 });
    reader.read({ epoch, seq: 1 }, 10);
    const controller = new AbortController();
    expect(await reader.changed(controller.signal, 1)).toBe(false);
    const waiting = reader.changed(controller.signal, QUIET_MS);
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect(reader.changed(controller.signal, QUIET_MS)).rejects.toThrow('enough');
    const change = reader.changed(AbortSignal.timeout(10_000), QUIET_MS);
    await publish(chunkOf(epoch, 2));
    expect(await change).toBe(true);
    await reader.changed(AbortSignal.timeout(10_000), QUIET_MS);
    reader.read({ epoch, seq: 2 }, 10);
    const last = reader.changed(AbortSignal.timeout(10_000), QUIET_MS);
    reader.close();
    reader.close();
    await expectCode(last, 'cancelled', /closed/);
  });

  test('is one of 1,000 that share what is kept, each at its own place', async () => {
    const { own, follow } = await kitOf();
    const id = newBlock();
    const { epoch, publish } = await own(id);
    const all = Array.from({ length: 1_000 }, () => follow(id));
    const slow = follow(id);
    for (let first = 1; first <= 100; first += 10) await publish(chunkOf(epoch, first, 10));
    await Promise.all(all.map((reader) => placesOf(reader, BEFORE_ALL, { epoch, seq: 100 })));
    const [one, other] = [all[0]?.read(BEFORE_ALL, 1_000), all.at(-1)?.read({ epoch, seq: 50 }, 1_000)];
    if (one === undefined || one === 'gone' || other === undefined || other === 'gone')
      throw new Error('they are there');
    expect(one).toHaveLength(10);
    // Not equal, but the same.
    for (const [index, chunk] of other.entries()) expect(chunk).toBe(one[5 + index]);
    expect(await placesOf(slow, BEFORE_ALL, { epoch, seq: 100 })).toEqual(places(epoch, 1, 100));
  });

  test.each([
    ['behind the end', (epoch: number) => ({ epoch, seq: 4 })],
    ['of an epoch that told nothing', (epoch: number) => ({ epoch: epoch + 1_000, seq: 3 })],
    ['of an epoch that is not known any more', (epoch: number) => ({ epoch: epoch - 1, seq: 3 })],
  ])('with a place %s is told that it is gone', async (_, placeOf) => {
    const { own, follow } = await kitOf();
    const id = newBlock();
    await own(id);
    const { epoch, publish } = await own(id);
    await publish(chunkOf(epoch, 1, 3));
    expect(await nextOf(follow(id), placeOf(epoch))).toBe('gone');
  });
}

function describeHistory(kitOf: MakeKit): void {
  test('of a later owner follows directly on that of the one before', async () => {
    const { own, follow } = await kitOf();
    const id = newBlock();
    const reader = follow(id);
    const first = await own(id);
    await first.publish(chunkOf(first.epoch, 1, 2));
    // It never told anything.
    const silent = await own(id);
    const last = await own(id);
    expect(last.epoch).toBeGreaterThan(first.epoch);
    await last.publish(chunkOf(last.epoch, 1, 2));
    const end = { epoch: last.epoch, seq: 2 };
    const [before, after] = [places(first.epoch, 1, 2), places(last.epoch, 1, 2)];
    expect(await placesOf(reader, BEFORE_ALL, end)).toEqual([...before, ...after]);
    expect(await placesOf(follow(id), { epoch: first.epoch, seq: 1 }, end)).toEqual([before[1], ...after]);
    expect(await placesOf(follow(id), { epoch: first.epoch, seq: 2 }, end)).toEqual(after);
    expect(await placesOf(follow(id), { epoch: silent.epoch, seq: 0 }, end)).toEqual(after);
    expect(await placesOf(follow(id), { epoch: last.epoch, seq: 0 }, end)).toEqual(after);
    expect(await nextOf(follow(id), { epoch: first.epoch, seq: 3 })).toBe('gone');
    expect(await nextOf(follow(id), { epoch: silent.epoch, seq: 1 })).toBe('gone');
  });

  test(`is ${EVENTS_KEPT_MAX} events at least, and little more: who is further behind is told that it is gone`, async () => {
    const { own, follow } = await kitOf();
    const id = newBlock();
    const earlier = await own(id);
    await earlier.publish(chunkOf(earlier.epoch, 1, 100));
    const { epoch, publish } = await own(id);
    const behind = follow(id);
    expect(await placesOf(behind, BEFORE_ALL, { epoch: earlier.epoch, seq: 100 })).toHaveLength(100);
    const told = EVENTS_KEPT_MAX + 1_000;
    for (let first = 1; first <= told; first += 250) await publish(chunkOf(epoch, first, 250));
    const late = follow(id);
    for (const reader of [late, behind]) {
      expect(await placesOf(reader, { epoch, seq: told - EVENTS_KEPT_MAX }, { epoch, seq: told })).toHaveLength(
        EVENTS_KEPT_MAX,
      );
      expect(reader.read({ epoch, seq: 1_000 - 1 }, 10)).toBe('gone');
      expect(reader.read({ epoch, seq: 0 }, 10)).toBe('gone');
      expect(reader.read({ epoch: earlier.epoch, seq: 100 }, 10)).toBe('gone');
      expect(reader.read(BEFORE_ALL, 10)).toBe('gone');
    }
  });

  test('is bounded also where many owners told a little each', async () => {
    const { own, follow } = await kitOf();
    const id = newBlock();
    const all = [];
    for (let number = 0; number < 5; number++) {
      const owner = await own(id);
      all.push(owner.epoch);
      for (let first = 1; first <= 5_000; first += 1_000) await owner.publish(chunkOf(owner.epoch, first, 1_000));
    }
    const [first = 0, second = 0, , , last = 0] = all;
    const reader = follow(id);
    expect(await placesOf(reader, { epoch: second, seq: 0 }, { epoch: last, seq: 5_000 })).toHaveLength(20_000);
    expect(reader.read({ epoch: first, seq: 4_999 }, 1)).toBe('gone');
  });

  test('stays for a while when the block has ended, and goes on when it is submitted again', async () => {
    const { own, follow } = await kitOf();
    const id = newBlock();
    const first = await own(id);
    await first.publish(chunkOf(first.epoch, 1, 2));
    await first.end();
    const reader = follow(id);
    expect(await placesOf(reader, BEFORE_ALL, { epoch: first.epoch, seq: 2 })).toHaveLength(2);
    const second = await own(id);
    await second.publish(chunkOf(second.epoch, 1));
    const end = { epoch: second.epoch, seq: 1 };
    expect(await placesOf(reader, { epoch: first.epoch, seq: 2 }, end)).toEqual(places(second.epoch, 1, 1));
  });

  test('has a gap where its owner left one, which is not passed over in silence', async () => {
    const { own, follow } = await kitOf();
    const id = newBlock();
    const { epoch, publish } = await own(id);
    const reader = follow(id);
    await publish(chunkOf(epoch, 1, 2));
    expect(await placesOf(reader, BEFORE_ALL, { epoch, seq: 2 })).toHaveLength(2);
    await publish(chunkOf(epoch, 5, 2));
    expect(await nextOf(reader, { epoch, seq: 2 })).toBe('gone');
    for (const other of [reader, follow(id)]) {
      expect(await placesOf(other, { epoch, seq: 4 }, { epoch, seq: 6 })).toEqual(places(epoch, 5, 6));
      expect(other.read({ epoch, seq: 2 }, 10)).toBe('gone');
    }
  });
}

function describeTelling(kitOf: MakeKit): void {
  test('of which another has the block by now is refused, and told nothing', async () => {
    const { own, follow } = await kitOf();
    const id = newBlock();
    const stale = await own(id);
    await stale.publish(chunkOf(stale.epoch, 1));
    const owner = await own(id);
    await expectCode(stale.publish(chunkOf(stale.epoch, 2)), 'lease-lost', /no longer owns block/);
    await owner.publish(chunkOf(owner.epoch, 1));
    await expectCode(stale.publish(chunkOf(stale.epoch, 2)), 'lease-lost', /no longer owns block/);
    const heard = await placesOf(follow(id), BEFORE_ALL, { epoch: owner.epoch, seq: 1 });
    expect(heard).toEqual([`${stale.epoch}:1`, `${owner.epoch}:1`]);
    await owner.end();
    await expectCode(owner.publish(chunkOf(owner.epoch, 2)), 'lease-lost', /no longer owns block/);
  });

  test('is heard once of what it tells twice', async () => {
    const { own, follow } = await kitOf();
    const id = newBlock();
    const { epoch, publish } = await own(id);
    const reader = follow(id);
    await publish(chunkOf(epoch, 1, 2));
    await publish(chunkOf(epoch, 3, 2));
    for (const first of [3, 1, 3]) await publish(chunkOf(epoch, first, 2));
    await publish(chunkOf(epoch, 5));
    expect(await placesOf(reader, BEFORE_ALL, { epoch, seq: 5 })).toEqual(places(epoch, 1, 5));
  });

  test('may tell much at once', async () => {
    const { own, follow } = await kitOf();
    const id = newBlock();
    const { epoch, publish } = await own(id);
    await publish(chunkOf(epoch, 1, 2 * CHUNK_EVENTS_MAX + 1));
    const reader = follow(id);
    expect(await placesOf(reader, BEFORE_ALL, { epoch, seq: 2_001 })).toEqual(places(epoch, 1, 2_001));
    expect(reader.read(BEFORE_ALL, 1)).toEqual([chunkOf(epoch, 1, CHUNK_EVENTS_MAX)]);
  });

  test('is heard word for word, but for long texts, which are cut', async () => {
    const { own, follow } = await kitOf();
    const id = newBlock();
    const { epoch, publish } = await own(id);
    const told: readonly BlockEvent[] = everyKind('short');
    await publish({ epoch, first: 1, events: told });
    await publish({ epoch, first: told.length + 1, events: everyKind('x'.repeat(1_000_000)) });
    const reader = follow(id);
    await placesOf(reader, BEFORE_ALL, { epoch, seq: 2 * told.length });
    const [short, long] = reader.read(BEFORE_ALL, 100) as readonly EventChunk[];
    expect(short?.events).toEqual(told);
    expect(long?.events).toEqual(everyKind(`${'x'.repeat(1_999)}…`));
  });

  test('cannot tell what is not of its epoch', async () => {
    const { own } = await kitOf();
    const { epoch, publish } = await own(newBlock());
    await expectCode(
      publish(chunkOf(epoch + 1, 1)),
      'internal',
      /event 1 of epoch \d+ is none that claim \d+ can tell/,
    );
    await expectCode(publish(chunkOf(epoch, 0)), 'internal', /event 0/);
  });
}

/** An event of each kind; `said` is what errors and the like say. */
function everyKind(said: string): readonly BlockEvent[] {
  const at = { atMs: 1_700_000_000_000 };
  const job = { ...at, jobId: 'vm.0.0.ab', circuit: 'public-vm', level: 0 } as const;
  const error = { code: 'prover-crashed', message: said, remedy: said, subject: 'child' } as const;
  const missing = { missingSlots: 2, missingWorkers: 1, message: said };
  const late = { cause: 'workers', resourceClass: 'vm', ...missing } as const;
  const demand = [{ resourceClass: 'vm', queued: 1, running: 2, soon: 3, soonMs: 4, slots: 5 }] as const;
  return [
    { ...at, kind: 'planned', levels: [{ name: 'vm', jobs: 2, done: 1, running: 1 }], lineageSeed: 'ab' },
    { ...job, kind: 'job-started', workerId: 'm.1', attempt: 1 },
    { ...job, kind: 'job-given-back', workerId: 'm.1', attempt: 1 },
    { ...job, kind: 'job-proven', workerId: 'm.1', attempts: 1, wallMs: 12.5 },
    { ...job, kind: 'job-retried', attempt: 2, delayMs: 100, error },
    { ...at, kind: 'proof-lost', jobId: 'vm.0.0.ab', message: said },
    { ...at, kind: 'forecast', forecast: { rootAtMs: 1_700_000_000_001, demand, late } },
    { ...at, kind: 'forecast', forecast: { rootAtMs: null, demand: [], late: null } },
    {
      ...at,
      kind: 'ended',
      result: {
        ...{ blockId: 'b', transactions: 1, calls: 0, jobs: 2, submittedAtMs: 1, endedAtMs: 2, token: 3 },
        ...{ state: 'failed', rootId: null, error, failedJob: 'j1', lineageSeed: 'ab' },
      },
    },
  ];
}
