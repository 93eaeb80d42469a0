import { expect, test } from 'vitest';
import type { JobId, QueuedJob, ResourceClass } from '../../proto/index.js';
import { MemoryJobQueue } from '../../queue/index.js';
import { addJobs } from './add-jobs.js';
import { Patience } from './patience.js';

const signal = new AbortController().signal;
const jobOf = (id: string, resourceClass: ResourceClass = 'vm'): QueuedJob => ({
  job: { id, blockId: 'b', circuit: 'public-vm', resourceClass, children: [] },
  attempt: 1,
  order: [0, 0],
});
const present = async ({ producer }: MemoryJobQueue, ...ids: JobId[]) => [...(await producer.present(ids))];

test('a job that was left there with another class gives way', async () => {
  const queue = new MemoryJobQueue();
  await queue.producer.add([jobOf('a'), jobOf('b', 'rollup')]);
  const patience = new Patience({ signal, onFault: () => {} });
  const jobs = [jobOf('a'), jobOf('b'), jobOf('c')];
  await addJobs(() => jobs, { queue: queue.producer, patience, confirm: async () => {} });
  const consumer = queue.consumer('w');
  const taken = [];
  for (const _ of jobs) taken.push((await consumer.take(['vm'], signal))?.job.id);
  expect(taken.toSorted()).toEqual(['a', 'b', 'c']);
});

test('what is not wanted any more is not added when there is room again', async () => {
  const queue = new MemoryJobQueue({ jobsMax: 1 });
  await queue.producer.add([jobOf('first')]);
  const faults: string[] = [];
  const patience = new Patience({ signal, onFault: ({ code }) => faults.push(code) });
  let jobs = [jobOf('a'), jobOf('b')];
  const added = addJobs(() => jobs, { queue: queue.producer, patience, confirm: async () => {} });
  await expect.poll(() => faults, { interval: 1 }).toEqual(['queue-full']);
  jobs = [jobOf('b')];
  await queue.producer.remove(['first']);
  await added;
  expect(await present(queue, 'a', 'b')).toEqual(['b']);
});

test('whoever is not the owner any more adds nothing', async () => {
  const queue = new MemoryJobQueue();
  const patience = new Patience({ signal, onFault: () => {} });
  let jobs = [jobOf('a')];
  const confirm = async () => {
    jobs = [];
  };
  await addJobs(() => jobs, { queue: queue.producer, patience, confirm });
  expect(await present(queue, 'a')).toEqual([]);
});
