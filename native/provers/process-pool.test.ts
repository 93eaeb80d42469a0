import { beforeEach, expect, test } from 'vitest';
import { expectCode } from '../../tests/support/expect-code.js';
import { type PooledProcess, ProcessPool } from './process-pool.js';

/** A process that does nothing and ends when it is told. */
class IdleProcess implements PooledProcess {
  alive = true;
  #exit: (value: unknown) => void = () => {};
  readonly exited = new Promise((resolve) => {
    this.#exit = resolve;
  });

  constructor(readonly need: number) {}

  async kill(): Promise<void> {
    this.alive = false;
    this.#exit(null);
  }
}

let created: IdleProcess[] = [];
beforeEach(() => {
  created = [];
});

function poolOf({ lentMax = 8, idleMax = 2, keeps = true } = {}) {
  return new ProcessPool<number, IdleProcess>({
    lentMax,
    idleMax,
    create: (need) => {
      const process = new IdleProcess(need);
      created.push(process);
      return process;
    },
    prepare: async () => {},
    serves: (has, need) => has >= need,
    keeps: () => keeps,
  });
}

const living = () => created.filter(({ alive }) => alive).length;

test('lends a warm process that serves the need, or a new one', async () => {
  const pool = poolOf();
  const use = (need: number) => pool.use(need, 'work', async (process) => process.need);
  expect(await use(4)).toBe(4);
  expect(await use(3)).toBe(4);
  expect(await use(5)).toBe(5);
  expect(created).toHaveLength(2);
  await created[1]?.kill();
  expect(await use(5)).toBe(5);
  expect(created).toHaveLength(3);
  await pool.stop();
});

test('never lends a process twice at once, and keeps a bounded number warm', async () => {
  const pool = poolOf();
  const lent = new Set<IdleProcess>();
  await Promise.all(
    Array.from({ length: 6 }, () =>
      pool.use(1, 'work', async (process) => {
        expect(lent.has(process)).toBe(false);
        lent.add(process);
        await new Promise(setImmediate);
        lent.delete(process);
      }),
    ),
  );
  expect(created).toHaveLength(6);
  expect(living()).toBe(2);
  await pool.stop();
  expect(living()).toBe(0);
});

test('ends a process that is not worth keeping, and one whose work failed', async () => {
  const picky = poolOf({ keeps: false });
  await picky.use(1, 'work', async () => {});
  expect(living()).toBe(0);
  const pool = poolOf();
  const failing = pool.use(1, 'work', () => Promise.reject(new Error('no')));
  await expect(failing).rejects.toThrow('no');
  expect(living()).toBe(0);
});

test('makes callers wait for their turn, first come first served; a cancelled one leaves the queue', async () => {
  const pool = poolOf({ lentMax: 1 });
  const finish: (() => void)[] = [];
  const done: string[] = [];
  const controller = new AbortController();
  const use = async (name: string, signal?: AbortSignal) => {
    await pool.use(1, name, () => new Promise<void>((resolve) => finish.push(resolve)), signal);
    done.push(name);
  };
  const first = use('first');
  const leaving = use('leaving', controller.signal);
  const others = [use('second'), use('third')];
  controller.abort();
  await expectCode(leaving, 'cancelled', /leaving/);
  for (let n = 0; n < 3; n++) {
    await new Promise(setImmediate);
    expect(finish).toHaveLength(n + 1);
    finish[n]?.();
  }
  await Promise.all([first, ...others]);
  expect(done).toEqual(['first', 'second', 'third']);
  expect(created).toHaveLength(1);
  await pool.stop();
});

test('after `stop` nothing is lent, and nobody waits', async () => {
  const pool = poolOf({ lentMax: 1 });
  const lent = pool.use(1, 'lent', async (process) => {
    await process.exited;
    throw new Error('the process is gone');
  });
  const waiting = pool.use(1, 'waiting', async () => {});
  const ended = Promise.all([expectCode(lent, 'cancelled', /stopped/), expectCode(waiting, 'cancelled', /stopped/)]);
  await pool.stop();
  await ended;
  await expectCode(
    pool.use(1, 'late', async () => {}),
    'cancelled',
    /stopped: no more late/,
  );
  expect(living()).toBe(0);
});
