import { beforeEach, expect, test } from 'vitest';
import { EspalierError } from '../../common/index.js';
import { Patience, patiently } from './patience.js';

let faults: EspalierError[];
let stopping: AbortController;
let patience: Patience;
beforeEach(() => {
  faults = [];
  stopping = new AbortController();
  patience = new Patience({ onFault: (error) => faults.push(error), signal: stopping.signal });
});

const away = () => new EspalierError('store-unavailable', 'the store is away');

/** Fails so many times before it succeeds. */
function failing(times: number): () => Promise<string> {
  let left = times;
  return async () => {
    if (left-- > 0) throw away();
    return 'done';
  };
}

test('tries again for as long as it lasts, and says so once', async () => {
  expect(await Promise.all([patience.try(failing(2)), patience.try(failing(1))])).toEqual(['done', 'done']);
  expect(faults.map(({ code }) => code)).toEqual(['store-unavailable']);
  await patience.try(failing(1));
  expect(faults).toHaveLength(2);
});

test('does not try again what will fail again', async () => {
  const lost = new EspalierError('lease-lost', 'it is another');
  await expect(patience.try(() => Promise.reject(lost))).rejects.toBe(lost);
  expect(faults).toEqual([]);
});

test('hurries when what was away is back', async () => {
  let isAway = true;
  let tries = 0;
  const done = patience.try(async () => {
    tries += 1;
    if (isAway) throw away();
  });
  // By now its pauses are as long as seconds.
  await expect.poll(() => tries, { interval: 5, timeout: 10_000 }).toBe(5);
  isAway = false;
  const hurriedMs = performance.now();
  await expect
    .poll(() => {
      patience.hurry();
      return tries;
    })
    .toBe(6);
  await done;
  expect(performance.now() - hurriedMs).toBeLessThan(1_000);
});

test('gives up when it is told to, also where no answer comes', async () => {
  const hanging = patience.try(() => new Promise<void>(() => {}));
  const pausing = patience.try(failing(1_000));
  stopping.abort();
  await expect(hanging).rejects.toMatchObject({ code: 'cancelled' });
  await expect(pausing).rejects.toMatchObject({ code: expect.stringMatching(/cancelled|store-unavailable/) });
  await expect(patience.try(failing(0))).rejects.toMatchObject({ code: 'cancelled' });
});

test('wraps the methods it is asked to', async () => {
  class Store {
    #left = 1;
    async get(key: string): Promise<string> {
      if (this.#left-- > 0) throw away();
      return key;
    }
  }
  expect(await patiently(patience, new Store(), ['get']).get('a')).toBe('a');
});
