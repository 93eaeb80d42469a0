import { expect, it } from 'vitest';
import type { BlockEventBody, Lateness, RunEventBody } from '../../proto/index.js';
import type { ForecastView } from '../schedule/index.js';
import { BlockNews } from './block-news.js';
import { ClaimedBlock } from './claimed-block.js';
import { Forecaster } from './forecaster.js';

const LATE: Lateness = {
  cause: 'workers',
  resourceClass: 'vm',
  missingSlots: 10,
  missingWorkers: 10,
  message: '10 more',
};

/** Blocks with these deadlines, whose roots are said to land when the test wants. Time passes at each look. */
function watched(deadlinesMs: Readonly<Record<string, number>>) {
  const told: [string, BlockEventBody][] = [];
  const turned: [string, boolean][] = [];
  const views: ForecastView[] = [];
  let nowMs = 0;
  let missingWorkers = 10;
  const clock = { nowMs: () => 1_000_000 + nowMs, monotonicMs: () => nowMs };
  const blocks = Object.entries(deadlinesMs).map(([blockId, deadlineMs], ageRank) => {
    const counts = { family: 'f', transactions: 1, calls: 0, submittedAtMs: 0 };
    const claim = { blockId, ...counts, deadlineAtMs: 1_000_000 + deadlineMs, token: 1, ageRank, checked: true };
    const news = new BlockNews({ epoch: 1, clock, publish: async () => {}, onFault: () => {} });
    news.tell = (event) => void told.push([blockId, event]);
    const block = new ClaimedBlock(claim, news);
    block.enter('proving');
    return block;
  });
  let rootsMs: Readonly<Record<string, number>> = {};
  const forecaster = new Forecaster({
    clock,
    fleet: { workers: [], hasLooked: true },
    forecast: (view) => {
      views.push(view);
      return new Map(
        blocks.map(({ id }) => {
          const rootInMs = (rootsMs[id] ?? 0) - nowMs;
          const isLate = rootInMs > (view.deadlinesMs.get(id) ?? Number.POSITIVE_INFINITY);
          const late = isLate ? (view.known?.get(id) ?? { ...LATE, missingWorkers }) : null;
          return [id, { rootInMs, demand: [], late, work: { ownShare: 1, groups: [] } }] as const;
        }),
      );
    },
    onEvent: (blockId, event: RunEventBody) => {
      if (event.kind === 'lateness') turned.push([blockId, event.late !== null]);
    },
  });
  return {
    told,
    turned,
    views,
    look(roots: Readonly<Record<string, number>>, missing = 10) {
      rootsMs = roots;
      missingWorkers = missing;
      nowMs += 500;
      forecaster.look(blocks, nowMs);
      return told.splice(0).length;
    },
    explained: () => views.map(({ deadlinesMs, known }) => [...deadlinesMs.keys()].filter((id) => !known?.has(id))),
  };
}

it('tells of a forecast when it moves by more than a second, or a hundredth of what is left', () => {
  const { look } = watched({ a: 1_000_000 });
  expect([300_000, 302_500, 304_000, 304_500, 309_000].map((a) => look({ a }))).toEqual([1, 0, 1, 0, 1]);
  expect([20_000, 20_900, 21_100].map((a) => look({ a }))).toEqual([1, 0, 1]);
});

it('says when a block turns late and when it is in time again, and not while that wavers', () => {
  const { look, turned } = watched({ a: 300_000 });
  const roots = [290_000, 301_000, 301_000, 299_500, 300_500, 299_000, 290_000, 299_000];
  for (const a of roots) look({ a });
  expect(turned).toEqual([
    ['a', true],
    ['a', false],
  ]);
});

it('explains one block’s lateness at a look, and each one’s every five seconds', () => {
  const { look, explained, turned } = watched({ a: 100, b: 100, c: 100 });
  for (let looks = 0; looks < 14; looks++) look({ a: 50_000, b: 50_000, c: 50_000 });
  const nobody = new Array(8).fill([]);
  expect(explained()).toEqual([['a'], ['b'], ['c'], ...nobody.slice(1), ['a'], ['b'], ['c'], []]);
  expect(turned.map(([id]) => id)).toEqual(['a', 'b', 'c']);
});

it('tells of more or fewer missing workers when that is much', () => {
  const { look } = watched({ a: 100_000 });
  const a = 200_000;
  expect(look({ a })).toBe(1);
  const later = (missing: number) => Array.from({ length: 10 }, () => look({ a }, missing)).reduce((x, y) => x + y, 0);
  expect([later(11), later(13), later(13)]).toEqual([0, 1, 0]);
});
