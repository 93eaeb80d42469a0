import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Block, type BlockEvent, type BlockId, type EventChunk, LevelCounts, partsOf } from '../../proto/index.js';
import { type EventReader, RedisBlockEvents } from '../../queue/index.js';
import { ClusterBench } from '../../tests/support/cluster-bench.js';
import { simulatedBlock } from '../../tests/support/simulated-block.js';
import { submitParts } from './submit-block.js';

let bench: ClusterBench;
let events: RedisBlockEvents;
let block: Block;
beforeAll(async () => {
  bench = await ClusterBench.start();
  block = await simulatedBlock(bench.engine, [2, 0, 1]);
});
beforeEach(async () => {
  events = await RedisBlockEvents.open({ url: bench.redis.url, namespace: 'test' });
});
afterEach(async () => {
  await events.close();
  await bench.clear();
});
afterAll(() => bench.stop());

/** All that is told of a block, from wherever the reader begins until it has ended. */
async function follow(reader: EventReader, after = { epoch: 0, seq: 0 }): Promise<readonly EventChunk[]> {
  const chunks: EventChunk[] = [];
  let place = after;
  while (chunks.at(-1)?.events.at(-1)?.kind !== 'ended') {
    const read = reader.read(place, 1_000);
    if (read === 'gone') throw new Error(`nothing is known behind ${JSON.stringify(place)}`);
    if (read.length === 0) await reader.changed(AbortSignal.timeout(30_000), 60_000);
    for (const chunk of read) {
      // It may begin before the place that was asked for.
      const skip = chunk.epoch === place.epoch ? Math.max(0, place.seq + 1 - chunk.first) : 0;
      chunks.push({ ...chunk, first: chunk.first + skip, events: chunk.events.slice(skip) });
      place = { epoch: chunk.epoch, seq: chunk.first + chunk.events.length - 1 };
    }
  }
  reader.close();
  return chunks;
}

function countsAfter(counts: LevelCounts, told: readonly BlockEvent[]): LevelCounts {
  for (const event of told) counts.apply(event);
  return counts;
}

const submitWithin = (windowMs: number) => submitParts(partsOf(block), bench, { windowMs });
const noted = async (id: BlockId) => (await bench.board.find(id)) ?? expect.fail(`block ${id} is not open`);

describe('those who watch a block', () => {
  it('hear all that happens to it, and from any note on the same as from the beginning', async () => {
    await bench.orchestrator();
    const worker = await bench.worker({ joins: true });
    worker.hold(3);
    const id = await bench.submit(block);
    const all = follow(events.follow(id));
    await expect.poll(async () => (await noted(id)).done, { interval: 20, timeout: 10_000 }).toBe(3);
    await expect.poll(async () => (await noted(id)).running, { interval: 20, timeout: 10_000 }).toBeGreaterThan(0);
    await expect
      .poll(async () => (await noted(id)).forecast?.rootAtMs ?? 0, { interval: 20, timeout: 10_000 })
      .toBeGreaterThan(0);
    const { cursor, levels, jobs, lineageSeed } = await noted(id);
    worker.release();
    const told = (await all).flatMap((chunk) => chunk.events);
    expect(told[0]).toMatchObject({ kind: 'planned', lineageSeed });
    expect(told.at(-1)).toMatchObject({ kind: 'ended', result: await bench.ended(id) });
    expect(told.filter(({ kind }) => kind === 'forecast').length).toBeGreaterThan(0);
    expect(told.filter(({ kind }) => kind === 'job-proven')).toHaveLength(jobs);
    expect(countsAfter(new LevelCounts([]), told).total()).toEqual({ jobs, done: jobs, running: 0 });
    if (cursor == null || levels === undefined) throw new Error('it is noted up to where it is told');
    expect(countsAfter(new LevelCounts([]), told.slice(0, cursor.seq)).levels()).toEqual(levels);
    const rest = (await follow(events.follow(id), cursor)).flatMap((chunk) => chunk.events);
    expect(rest).toEqual(told.slice(cursor.seq));
  });

  it('hear of a later owner in a later epoch, which begins with what is planned', async () => {
    const first = await bench.orchestrator();
    const worker = await bench.worker({ joins: true });
    worker.hold(3);
    const id = await bench.submit(block);
    const all = follow(events.follow(id));
    await expect.poll(async () => (await noted(id)).done, { interval: 20, timeout: 10_000 }).toBe(3);
    await first.stop();
    await bench.orchestrator();
    await expect.poll(async () => (await noted(id)).state, { interval: 20, timeout: 10_000 }).toBe('proving');
    worker.release();
    const chunks = await all;
    const epochs = [...new Set(chunks.map(({ epoch }) => epoch))];
    expect(epochs).toHaveLength(2);
    const [before = 0, after = 0] = epochs;
    expect(after).toBeGreaterThan(before);
    const later = chunks.filter(({ epoch }) => epoch === after);
    expect(later[0]).toMatchObject({ first: 1, events: [{ kind: 'planned' }, ...(later[0]?.events.slice(1) ?? [])] });
    const { jobs } = await bench.ended(id);
    const told = later.flatMap((chunk) => chunk.events);
    expect(countsAfter(new LevelCounts([]), told).total()).toEqual({ jobs, done: jobs, running: 0 });
  });

  it('hear that it is cancelled', async () => {
    await bench.orchestrator();
    const id = await bench.submit(block);
    const all = follow(events.follow(id));
    await expect.poll(async () => (await noted(id)).state, { interval: 20, timeout: 10_000 }).toBe('proving');
    await bench.board.cancel(id);
    expect((await all).at(-1)?.events.at(-1)).toMatchObject({ kind: 'ended', result: { state: 'cancelled' } });
  });
});

describe('a block that will be late', () => {
  it('says why, and what would help; and that it is in time when it is', async () => {
    const orchestrator = await bench.orchestrator();
    await submitWithin(600_000);
    const lateness = () => orchestrator.events.flatMap(({ event }) => (event.kind === 'lateness' ? [event] : []));
    await expect.poll(lateness, { interval: 20, timeout: 10_000 }).toHaveLength(1);
    expect(lateness()[0]).toMatchObject({ rootAtMs: null, late: { cause: 'workers' } });
    const { blockId } = orchestrator.events[0] ?? expect.fail('nothing happened');
    expect((await noted(blockId)).forecast).toMatchObject({ rootAtMs: null, late: { cause: 'workers' } });
    const worker = await bench.worker({ held: true, joins: true });
    await expect.poll(lateness, { interval: 20, timeout: 10_000 }).toHaveLength(2);
    expect(lateness()[1]).toMatchObject({ late: null });
    worker.release();
    await bench.ended(blockId);
  });

  it('may be so whatever is done', async () => {
    const orchestrator = await bench.orchestrator();
    await bench.worker({ held: true, joins: true });
    await submitWithin(20_000);
    const late = () => orchestrator.events.flatMap(({ event }) => (event.kind === 'lateness' ? [event.late] : []));
    await expect.poll(late, { interval: 20, timeout: 10_000 }).toMatchObject([{ cause: 'critical-path' }]);
  });
});
