import { beforeEach, expect, test } from 'vitest';
import { KeyedTasks } from './keyed-tasks.js';

let done: string[];
let gates: Map<string, () => void>;
beforeEach(() => {
  done = [];
  gates = new Map();
});

/** A task that is under way until its gate is opened. */
const gated = (name: string) => async () => {
  await new Promise<void>((resolve) => gates.set(name, resolve));
  done.push(name);
};
const quick = (name: string) => async () => {
  done.push(name);
};
const open = (name: string) => gates.get(name)?.();

test('what concerns one key is done in order, whatever others do meanwhile', async () => {
  const tasks = new KeyedTasks(4, () => {});
  tasks.add('a', gated('a1'));
  tasks.add('a', quick('a2'));
  tasks.add('b', quick('b1'));
  await tasks.settled((key) => key === 'b');
  expect(done).toEqual(['b1']);
  open('a1');
  await tasks.idle();
  expect(done).toEqual(['b1', 'a1', 'a2']);
});

test('no more are under way than may be', async () => {
  const tasks = new KeyedTasks(2, () => {});
  for (const name of ['a', 'b', 'c']) tasks.add(name, gated(name));
  expect([...gates.keys()]).toEqual(['a', 'b']);
  open('a');
  await expect.poll(() => gates.has('c'), { interval: 1 }).toBe(true);
  open('b');
  open('c');
  await tasks.idle();
  expect(done).toHaveLength(3);
});

test('what is forgotten is left undone, unless it is under way or waited for', async () => {
  const tasks = new KeyedTasks(2, () => {});
  tasks.add('a', gated('a1'));
  tasks.add('a', quick('a2'));
  tasks.add('b', quick('b1'));
  const settled = tasks.settled((key) => key === 'a');
  tasks.forget((key) => key === 'a');
  open('a1');
  await settled;
  await tasks.idle();
  expect(done.sort()).toEqual(['a1', 'b1']);
});

test('a task that fails is told of, and the next ones go on', async () => {
  const errors: unknown[] = [];
  const tasks = new KeyedTasks(1, (thrown) => errors.push(thrown));
  const failure = new Error('it failed');
  tasks.add('a', () => Promise.reject(failure));
  tasks.add('a', quick('a2'));
  await tasks.idle();
  expect([errors, done]).toEqual([[failure], ['a2']]);
  await tasks.idle();
});
