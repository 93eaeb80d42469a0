import { beforeEach, expect, test } from 'vitest';
import { EspalierError } from '../../common/index.js';
import type { JobId, QueuedJob } from '../../proto/index.js';
import { type JobProducer, MemoryJobQueue } from '../../queue/index.js';
import { JobSupply } from './job-supply.js';
import { KeyedTasks } from './keyed-tasks.js';

let queue: MemoryJobQueue;
let tasks: KeyedTasks;
let faults: { jobs: readonly JobId[]; code: string }[];
beforeEach(() => {
  queue = new MemoryJobQueue();
  tasks = new KeyedTasks(4, () => {});
  faults = [];
});

function supplyTo(producer: Pick<JobProducer, 'add' | 'remove' | 'detach'>, provide = async (_: QueuedJob) => {}) {
  const onFault = (jobs: readonly QueuedJob[], thrown: unknown) =>
    faults.push({ jobs: jobs.map(({ job }) => job.id), code: EspalierError.from(thrown).code });
  const add = (wanted: () => readonly QueuedJob[]) => producer.add(wanted());
  return new JobSupply({ queue: { ...producer, add }, tasks, provide, onFault });
}

const jobOf = (id: string, attempt = 1): QueuedJob => ({
  job: { id, blockId: 'b', circuit: 'public-vm', resourceClass: 'vm', children: [] },
  attempt,
  order: [0, 0],
});
const present = async (...ids: JobId[]) => [...(await queue.producer.present(ids))];

test('jobs are in the queue once what they read is stored', async () => {
  let store: () => void = () => {};
  const stored = new Promise<void>((resolve) => {
    store = resolve;
  });
  const supply = supplyTo(queue.producer, () => stored);
  const job = jobOf('a');
  supply.enqueue([job, jobOf('b')]);
  expect([supply.attemptOf('a'), supply.isQueued(job), supply.queued()]).toEqual([1, false, []]);
  expect(await present('a', 'b')).toEqual([]);
  store();
  await expect.poll(() => supply.isQueued(job), { interval: 1 }).toBe(true);
  expect(await present('a', 'b')).toEqual(['a', 'b']);
  supply.forget('a');
  expect(supply.queued().map(({ job: { id } }) => id)).toEqual(['b']);
});

test('a removal wins, wherever the job is on its way', async () => {
  let add: () => void = () => {};
  const mayAdd = new Promise<void>((resolve) => {
    add = resolve;
  });
  let adds = 0;
  const slow: JobProducer = {
    ...queue.producer,
    add: async (jobs) => {
      adds += 1;
      await mayAdd;
      await queue.producer.add(jobs);
    },
  };
  const never = new Promise<void>(() => {});
  const supply = supplyTo(slow, ({ job }) => (job.id === 'unstored' ? never : Promise.resolve()));
  supply.enqueue([jobOf('under way'), jobOf('stored'), jobOf('unstored')]);
  await expect.poll(() => adds, { interval: 1 }).toBe(1);
  const ids = ['under way', 'stored', 'unstored'];
  // The job under way waits for room, which nobody else may make.
  await supply.remove(ids);
  supply.enqueue([jobOf('under way', 2), jobOf('last')]);
  add();
  await expect.poll(() => present(...ids, 'last'), { interval: 1 }).toEqual(['under way', 'last']);
  expect(supply.queued().map(({ job: { id }, attempt }) => `${id} ${attempt}`)).toEqual(['under way 2', 'last 1']);
  const lease = await queue.consumer('w').take(['vm'], new AbortController().signal);
  expect(lease).toMatchObject({ job: { id: 'under way' }, attempt: 2 });
});

test('jobs that cannot be provided for or queued are given back with the reason', async () => {
  await queue.producer.add([{ ...jobOf('b'), job: { ...jobOf('b').job, resourceClass: 'rollup' } }]);
  const supply = supplyTo(queue.producer, ({ job }) =>
    job.id === 'a' ? Promise.reject(new EspalierError('store-unavailable', 'away')) : Promise.resolve(),
  );
  supply.enqueue([jobOf('a'), jobOf('b'), jobOf('c')]);
  await expect.poll(() => faults.length, { interval: 1 }).toBe(2);
  expect(faults[0]).toEqual({ jobs: ['a'], code: 'store-unavailable' });
  expect(faults[1]).toMatchObject({ code: 'queue-conflict', jobs: expect.arrayContaining(['b']) });
  expect(supply.attemptOf('b')).toBe(0);
});

test('a later attempt takes the place of an earlier one', async () => {
  const supply = supplyTo(queue.producer);
  supply.enqueue([jobOf('a', 1)]);
  supply.enqueue([jobOf('a', 2)]);
  await expect.poll(() => supply.queued().length, { interval: 1 }).toBe(1);
  expect(supply.attemptOf('a')).toBe(2);
});
