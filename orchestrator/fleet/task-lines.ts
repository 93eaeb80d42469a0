import { type HeapItem, IndexedHeap } from '../../common/index.js';
import { type QueuedJob, RESOURCE_CLASSES, type ResourceClass, type Share } from '../../proto/index.js';
import type { SimulatedMachine } from './simulated-machine.js';

/** One attempt at a job, from the queue to its end. */
export interface Task extends HeapItem {
  readonly queued: QueuedJob;
  readonly needed: Share;
  readonly enqueuedAtMs: number;
  /** The job's `order`. */
  readonly age: number;
  readonly path: number;
  /** Counts up from one task to the next. */
  readonly place: number;
  /** *waiting*: in the queue; *kept*: taken by a machine that has no room for it yet; *running*; *over*. */
  state: 'waiting' | 'kept' | 'running' | 'over';
  /** Not the queue's any more: another attempt follows, and this one goes on. */
  isDetached: boolean;
  machine: SimulatedMachine | undefined;
  /** NaN before it runs. */
  startedAtMs: number;
}

/** What waits in the queue: a line for each class, in the order of `QueuedJob`, first come first served among equals. */
export class TaskLines {
  readonly #lines = Object.fromEntries(
    RESOURCE_CLASSES.map((name) => [name, new IndexedHeap<Task>(compareTasks)]),
  ) as Record<ResourceClass, IndexedHeap<Task>>;

  first(resourceClass: ResourceClass): Task | undefined {
    return this.#lines[resourceClass].peek();
  }

  size(resourceClass: ResourceClass): number {
    return this.#lines[resourceClass].size;
  }

  add(task: Task): void {
    this.#lines[task.queued.job.resourceClass].push(task);
  }

  remove(task: Task): void {
    this.#lines[task.queued.job.resourceClass].remove(task);
  }
}

export function compareTasks(a: Task, b: Task): number {
  return a.age - b.age || a.path - b.path || a.place - b.place;
}
