import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { EspalierError, systemClock } from '../../common/index.js';
import type { BlockEventBody, BlockResult, EventChunk } from '../../proto/index.js';
import { LevelCounts } from '../../proto/index.js';
import { Random } from '../fleet/random.js';
import { BlockNews } from './block-news.js';

const LEVELS = [
  { name: 'base', jobs: 1_000_000, done: 0, running: 0 },
  { name: 'root', jobs: 1, done: 0, running: 0 },
];
const PLANNED: BlockEventBody = { kind: 'planned', levels: LEVELS, lineageSeed: 'seed' };
const RESULT: BlockResult = {
  blockId: 'b',
  state: 'cancelled',
  transactions: 1,
  calls: 0,
  jobs: 2,
  submittedAtMs: 0,
  endedAtMs: 1,
  rootId: null,
  error: null,
  failedJob: null,
  lineageSeed: 'seed',
};

const started = (n: number): BlockEventBody => ({
  kind: 'job-started',
  jobId: `job ${n}`,
  circuit: 'base-rollup-private',
  level: 0,
  workerId: 'w',
  attempt: 1,
});

/** Chunks wait until they are answered: with an error, where one is given. */
class Log {
  readonly chunks: EventChunk[] = [];
  readonly faults: unknown[] = [];
  readonly news: BlockNews;
  #answers: ((error?: Error) => void)[] = [];

  constructor() {
    this.news = new BlockNews({
      epoch: 7,
      clock: systemClock,
      publish: (chunk) =>
        new Promise((resolve, reject) => {
          this.#answers.push((error) => {
            if (error !== undefined) return reject(error);
            this.chunks.push(chunk);
            resolve();
          });
        }),
      onFault: (thrown) => this.faults.push(thrown),
    });
  }

  get asked(): number {
    return this.#answers.length;
  }

  async answer(error?: Error): Promise<void> {
    await expect.poll(() => this.#answers.length, { interval: 1, timeout: 5_000 }).toBeGreaterThan(0);
    this.#answers.shift()?.(error);
    await turn();
  }

  /** Answers for as long as anything waits. */
  async drain(): Promise<void> {
    let isIdle = false;
    const idle = this.news.idle().then(() => {
      isIdle = true;
    });
    while (!isIdle) {
      if (this.#answers.length > 0) await this.answer();
      else await turn();
    }
    await idle;
  }

  get sizes(): readonly number[] {
    return this.chunks.map(({ events }) => events.length);
  }

  get kinds(): readonly string[] {
    return this.chunks.flatMap(({ events }) => events.map(({ kind }) => kind));
  }
}

describe('what is told of a block', () => {
  it('is numbered, and goes out together with what is told while a chunk is on its way, 500 at most', async () => {
    const log = new Log();
    log.news.tell(started(0));
    log.news.tell(PLANNED);
    log.news.tell(started(1));
    await log.answer();
    expect(log.chunks).toMatchObject([{ epoch: 7, first: 1, events: [{ kind: 'planned' }, { kind: 'job-started' }] }]);
    for (let n = 0; n < 1_200; n++) log.news.tell(started(n));
    expect(log.asked).toBe(0);
    await log.drain();
    expect(log.sizes).toEqual([2, 500, 500, 200]);
    expect(log.chunks.map(({ first }) => first)).toEqual([1, 3, 503, 1_003]);
  });

  it('ends with the result, behind which nothing follows', async () => {
    const log = new Log();
    log.news.tell(PLANNED);
    const ended = log.news.end(RESULT);
    log.news.tell(started(1));
    await log.drain();
    await ended;
    expect(log.kinds).toEqual(['planned', 'ended']);
    const unplanned = new Log();
    const end = unplanned.news.end(RESULT);
    await unplanned.drain();
    await end;
    expect(unplanned.kinds).toEqual(['ended']);
  });

  it('is summed up where too much waits, and nothing else is lost', async () => {
    const log = new Log();
    log.news.tell(PLANNED);
    for (let n = 0; n < 30_000; n++) log.news.tell(started(n));
    const ended = log.news.end(RESULT);
    await log.drain();
    await ended;
    const all = log.chunks.flatMap(({ events }) => events);
    expect(log.chunks[0]?.first).toBe(1);
    const summedUp = all.findLastIndex(({ kind }) => kind === 'planned');
    expect(all[summedUp]).toMatchObject({ levels: [{ running: 30_000 - (all.length - summedUp - 2) }, {}] });
    expect(all.at(-1)?.kind).toBe('ended');
  });

  it('is tried again as it was, and begun anew where it is refused for good', async () => {
    const log = new Log();
    log.news.tell(PLANNED);
    log.news.tell(started(1));
    const refusal = new EspalierError('internal', 'no');
    for (let tries = 1; tries <= 3; tries++) await log.answer(refusal);
    log.news.tell(started(2));
    await log.drain();
    expect(log.faults).toEqual([refusal, refusal, refusal]);
    expect(log.chunks[0]?.first).toBe(1);
    expect(log.chunks[0]?.events[0]).toMatchObject({ kind: 'planned', levels: [{ running: 1 }, {}] });
    expect(log.news.counts).toMatchObject({ running: 2 });
  });

  it('is of no interest when the block is another’s', async () => {
    const log = new Log();
    log.news.tell(PLANNED);
    const ended = log.news.end(RESULT);
    await log.answer(new EspalierError('lease-lost', 'gone'));
    await ended;
    log.news.tell(started(1));
    await turn();
    expect([log.asked, log.chunks.length]).toEqual([0, 0]);
  });
});

it('a note says of every place what the events up to it add up to', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new Random(seed);
    const log = new Log();
    const notes: NonNullable<BlockNews['counts']>[] = [];
    expect(log.news.counts).toBeUndefined();
    log.news.tell(PLANNED);
    for (let n = 0; n < 400; n++) {
      const event = started(n);
      if (random.chance(0.01)) log.news.tell({ kind: 'recounted', levels: LEVELS });
      else if (random.chance(0.4)) {
        log.news.tell({ ...event, kind: 'job-proven', attempts: 1, wallMs: 1 } as BlockEventBody);
      } else log.news.tell(event);
      if (random.chance(0.1)) await turn();
      if (random.chance(0.1) && log.asked > 0) await log.answer();
      const { counts } = log.news;
      if (random.chance(0.2) && counts !== undefined) notes.push(counts);
    }
    await log.drain();
    const all = log.chunks.flatMap(({ events }) => events);
    expect(all).toHaveLength(401);
    for (const { cursor, levels, done, running } of notes) {
      const counts = new LevelCounts([]);
      for (const event of all.slice(0, cursor.seq)) counts.apply(event);
      expect(counts.levels()).toEqual(levels);
      expect(counts.total()).toMatchObject({ done, running });
    }
  }
});
