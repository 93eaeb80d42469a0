import { afterEach, expect, test, vi } from 'vitest';
import { EspalierError } from '../../common/index.js';
import { type BlockEventsKit, chunkOf, nextOf, placesOf } from '../../tests/conformance/block-events.js';
import { EVENTS_KEPT_MS } from './block-events.js';
import { piecesOf } from './event-records.js';
import { MemoryBlockEvents } from './memory-block-events.js';

afterEach(() => {
  vi.useRealTimers();
});

/** Owners as a board would have them (`memory-block-board.test.ts`), that know of nothing but tokens. */
function kit(): BlockEventsKit & { readonly events: MemoryBlockEvents } {
  const events = new MemoryBlockEvents();
  let lastToken = 0;
  const tokens = new Map<string, number>();
  return {
    events,
    own: async (blockId) => {
      const epoch = ++lastToken;
      tokens.set(blockId, epoch);
      events.reopen(blockId);
      return {
        epoch,
        publish: async (chunk) => {
          if (tokens.get(blockId) !== epoch)
            throw new EspalierError('lease-lost', `it no longer owns block ${blockId}`);
          for (const piece of piecesOf({ token: epoch }, chunk)) events.publish(blockId, piece);
        },
        end: async () => {
          tokens.delete(blockId);
          events.end(blockId);
        },
      };
    },
  };
}

test('what was told of an ended block is forgotten after a while, but for those who are reading it', async () => {
  vi.useFakeTimers();
  const { events, own } = kit();
  const first = await own('a');
  await first.publish(chunkOf(first.epoch, 1, 2));
  const reader = events.follow('a');
  await first.end();
  await vi.advanceTimersByTimeAsync(EVENTS_KEPT_MS - 1);
  const end = { epoch: first.epoch, seq: 2 };
  expect(await placesOf(events.follow('a'), { epoch: 0, seq: 0 }, end)).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(1);
  expect(reader.read({ epoch: first.epoch, seq: 1 }, 10)).toEqual([chunkOf(first.epoch, 1, 2)]);
  const second = await own('a');
  await second.publish(chunkOf(second.epoch, 1));
  expect(await nextOf(reader, end)).toBe('gone');
  expect(reader.read({ epoch: 0, seq: 0 }, 10)).toEqual([chunkOf(second.epoch, 1)]);
});

test('the histories of 1,000 ended blocks are kept, and no more', async () => {
  const { events, own } = kit();
  for (let number = 0; number <= 1_000; number++) {
    const { epoch, publish, end } = await own(`b${number}`);
    await publish(chunkOf(epoch, 1));
    await end();
  }
  expect(events.endOf('b0')).toBeUndefined();
  expect(events.endOf('b1')).toEqual({ epoch: 2, seq: 1 });
  expect(await nextOf(events.follow('b0'), { epoch: 1, seq: 1 })).toBe('gone');
});
