import fc from 'fast-check';
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

const AHEAD_MAX = 3;
const someIds = fc.uniqueArray(fc.nat(30), { minLength: 1, maxLength: 8 });
const happening = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('enqueue'), ids: someIds, orders: fc.array(fc.nat(5)) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('start', 'give back', 'prove'), pick: fc.nat() }) },
  fc.record({ kind: fc.constantFrom('remove', 'detach'), ids: someIds }),
);

test('as many jobs of a class go ahead as may, the most urgent first, whatever happens to others', async () => {
  await fc.assert(fc.asyncProperty(fc.array(happening, { maxLength: 60 }), goesAhead));
});

/** What the supply should do, told from what is done to it: jobs are told apart by their latest `enqueue`. */
class SupplyModel {
  readonly wanted = new Map<
    JobId,
    { readonly queued: QueuedJob; readonly place: number; ahead: boolean; begun: boolean }
  >();
  #places = 0;

  enqueue(queued: QueuedJob): void {
    this.wanted.set(queued.job.id, { queued, place: this.#places++, ahead: false, begun: false });
  }

  /** Those that go ahead now, in the order in which they do. */
  admit(): QueuedJob[] {
    const admitted: QueuedJob[] = [];
    for (const resourceClass of ['vm', 'rollup'] as const) {
      const all = [...this.wanted.values()].filter(({ queued }) => queued.job.resourceClass === resourceClass);
      const waiting = all.filter(({ ahead, begun }) => !ahead && !begun);
      waiting.sort((a, b) => a.queued.order[1] - b.queued.order[1] || a.place - b.place);
      const room = Math.max(0, AHEAD_MAX - all.filter(({ ahead }) => ahead).length);
      for (const one of waiting.slice(0, room)) {
        one.ahead = true;
        admitted.push(one.queued);
      }
    }
    return admitted;
  }
}

async function goesAhead(happenings: readonly { kind: string; ids?: number[]; orders?: number[]; pick?: number }[]) {
  const provided: QueuedJob[] = [];
  const unboundedTasks = new KeyedTasks(1_000, (thrown) => {
    throw thrown;
  });
  const memoryQueue = new MemoryJobQueue();
  const { add: addTo, remove, detach } = memoryQueue.producer;
  const supply = new JobSupply({
    queue: { add: (wanted) => addTo(wanted()), remove, detach },
    tasks: unboundedTasks,
    provide: async (queued) => void provided.push(queued),
    onFault: (_jobs, thrown) => {
      throw thrown;
    },
    aheadMax: AHEAD_MAX,
  });
  const model = new SupplyModel();
  const byClass = (jobs: readonly QueuedJob[]) =>
    (['vm', 'rollup'] as const).map((name) => jobs.filter(({ job }) => job.resourceClass === name));
  for (const [time, { kind, ids = [], orders = [], pick = 0 }] of happenings.entries()) {
    const ahead = [...model.wanted].filter(([, { ahead, begun }]) => ahead || begun);
    const [id, one] = ahead[pick % ahead.length] ?? [];
    if (kind === 'enqueue') {
      const jobs = ids.map((n, i): QueuedJob => {
        const resourceClass = n % 3 === 0 ? 'rollup' : 'vm';
        return { ...jobOf(`${n}`, time + 1), job: { ...jobOf(`${n}`).job, resourceClass }, order: [0, orders[i] ?? 0] };
      });
      // As the scheduler does: a new attempt follows once the one before is out of the queue.
      await supply.remove(jobs.map(({ job }) => job.id));
      for (const { job } of jobs) model.wanted.delete(job.id);
      // What that lets ahead is let ahead before.
      expect(byClass(provided.splice(0))).toEqual(byClass(model.admit()));
      supply.enqueue(jobs);
      for (const queued of jobs) model.enqueue(queued);
    } else if (kind === 'remove' || kind === 'detach') {
      await supply[kind](ids.map(String));
      for (const n of ids) model.wanted.delete(`${n}`);
    } else if (id !== undefined && one !== undefined) {
      if (kind === 'prove') {
        supply.forget(id);
        await memoryQueue.producer.remove([id]);
        model.wanted.delete(id);
      } else {
        supply.noteStarted(id, kind === 'start');
        one.begun = kind === 'start';
        one.ahead = !one.begun;
      }
    }
    const expected = model.admit();
    await unboundedTasks.idle();
    expect(byClass(provided.splice(0))).toEqual(byClass(expected));
  }
  // All that went ahead gets into the queue, and nothing else.
  const due = [...model.wanted].filter(([, { ahead, begun }]) => ahead || begun).map(([id]) => id);
  await expect.poll(() => supply.queued().length, { interval: 1 }).toBe(due.length);
  expect(new Set(supply.queued().map(({ job }) => job.id))).toEqual(new Set(due));
}

test('a job that was begun before it is wanted here, in the time of an earlier owner, is one of the queued', async () => {
  const supply = supplyTo(queue.producer);
  const jobs = Array.from({ length: 5_000 }, (_, n) => jobOf(`${n}`));
  supply.enqueue(jobs);
  await expect.poll(() => supply.queued().length, { interval: 1 }).toBe(2_048);
  supply.noteStarted('4999', true);
  expect(supply.queued().length).toBe(2_049);
  supply.noteStarted('0', true);
  await expect.poll(() => supply.queued().length, { interval: 1 }).toBe(2_050);
});
