import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JobLease, QueuedJob, ResourceClass } from '../../proto/index.js';
import type { JobQueue } from '../../queue/index.js';
import { ALL_CLASSES, drain, queuedJob, summaryOf, takeOne, type WithQueue } from './job-queue-tools.js';

const classArbitrary = fc.constantFrom(...ALL_CLASSES);
const orderArbitrary = fc.tuple(
  fc.integer({ min: 0, max: 2 }),
  fc.oneof(fc.integer({ min: -3, max: 0 }), fc.double({ min: -1e9, max: 0, noNaN: true })),
);

/** What a producer and a worker may do next; `pick` chooses among what there is. */
const stepArbitrary = fc.oneof(
  fc.record({
    kind: fc.constant('add' as const),
    resourceClass: classArbitrary,
    order: orderArbitrary,
  }),
  fc.record({ kind: fc.constant('take' as const), classes: fc.uniqueArray(classArbitrary, { minLength: 1 }) }),
  fc.record({ kind: fc.constantFrom('complete', 'fail', 'release', 'remove'), pick: fc.nat() }),
);
type Step = typeof stepArbitrary extends fc.Arbitrary<infer T> ? T : never;

export function describeJobQueueOrder(withQueue: WithQueue): void {
  test('is by order element by element, and first come first served among equal ones', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(orderArbitrary, { maxLength: 8 }), { maxLength: 8, size: 'max' }), (chunks) =>
        withQueue(async (queue) => {
          let count = 0;
          const jobs = chunks.map((chunk) => chunk.map((order) => queuedJob(`j${count++}`, { order })));
          for (const chunk of jobs) await queue.producer.add(chunk);
          const expected = jobs.flat().sort(byOrder);
          expect(await drain(queue, count)).toEqual(expected.map(({ job }) => job.id));
        }),
      ),
      { numRuns: 50 },
    );
  });

  test('holds through any sequence of adding, taking, ending and removing', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(stepArbitrary, { maxLength: 60, size: 'max' }), (steps) =>
        withQueue(async (queue) => {
          const model = new Model(queue);
          for (const step of steps) await model.run(step);
          expect(await drain(queue, model.waiting.length)).toEqual(model.waiting.map(({ job }) => job.id));
        }),
      ),
      { numRuns: 100 },
    );
  });
}

/** The simplest queue there is, a sorted array, run beside the real one. */
class Model {
  waiting: QueuedJob[] = [];
  readonly leases: JobLease[] = [];
  readonly #queue: JobQueue;
  #added = 0;
  #largestToken = Number.NEGATIVE_INFINITY;

  constructor(queue: JobQueue) {
    this.#queue = queue;
  }

  async run(step: Step): Promise<void> {
    if (step.kind === 'add') return this.#add(step.resourceClass, step.order);
    if (step.kind === 'take') return this.#take(step.classes);
    if (step.kind === 'remove') return this.#remove(step.pick);
    const lease = this.leases.splice(step.pick % Math.max(1, this.leases.length), 1)[0];
    if (lease === undefined) return;
    const worker = this.#queue.consumer('w1');
    if (step.kind === 'complete') await worker.complete(lease, summaryOf(lease));
    else if (step.kind === 'fail') await worker.fail(lease, { code: 'prover-crashed', message: 'gone' });
    else {
      await worker.release(lease);
      this.#wait({ job: lease.job, attempt: lease.attempt, order: lease.order });
    }
  }

  async #add(resourceClass: ResourceClass, [age, path]: readonly [number, number]): Promise<void> {
    // No two jobs alike here: where a released job stands among equals is the adapter's affair.
    const queued = queuedJob(`j${this.#added}`, {
      resourceClass,
      order: [age, Math.floor(path) + this.#added++ / 1000],
    });
    await this.#queue.producer.add([queued]);
    this.#wait(queued);
  }

  async #take(classes: readonly ResourceClass[]): Promise<void> {
    const expected = this.waiting.find(({ job }) => classes.includes(job.resourceClass));
    if (expected === undefined) return;
    const lease = await takeOne(this.#queue.consumer('w1'), classes);
    expect(lease.job.id).toBe(expected.job.id);
    expect(lease.token).toBeGreaterThan(this.#largestToken);
    this.#largestToken = lease.token;
    this.waiting = this.waiting.filter((queued) => queued !== expected);
    this.leases.push(lease);
  }

  async #remove(pick: number): Promise<void> {
    const ids = [...this.waiting, ...this.leases].map(({ job }) => job.id);
    const id = ids[pick % Math.max(1, ids.length)];
    if (id === undefined) return;
    await this.#queue.producer.remove([id]);
    this.waiting = this.waiting.filter(({ job }) => job.id !== id);
    const held = this.leases.findIndex(({ job }) => job.id === id);
    if (held >= 0) this.leases.splice(held, 1);
  }

  #wait(queued: QueuedJob): void {
    this.waiting = [...this.waiting, queued].sort(byOrder);
  }
}

/** `sort` is stable, so equal ones stay in the order in which they came. */
function byOrder(a: QueuedJob, b: QueuedJob): number {
  return a.order[0] - b.order[0] || a.order[1] - b.order[1];
}
