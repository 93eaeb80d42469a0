import type { BlockEventBody } from './block-events.js';
import type { WatchedEventBody } from './block-view.js';
import type { LevelProgress } from './forecast.js';

interface Counts {
  readonly name: string;
  readonly jobs: number;
  done: number;
  running: number;
}

/**
 * How far the levels of a block are, after each of its events: a job that starts runs, one that is proven is done and
 * runs no more, one that is given back or retried runs no more. Where that is not what happened `recounted` follows. A
 * snapshot, and the events behind its cursor, give the same counts as every later snapshot.
 */
export class LevelCounts {
  #levels: Counts[];

  constructor(levels: readonly LevelProgress[]) {
    this.#levels = copyOf(levels);
  }

  apply(event: BlockEventBody | WatchedEventBody): void {
    switch (event.kind) {
      case 'planned':
      case 'recounted':
        this.#levels = copyOf(event.levels);
        break;
      case 'snapshot':
        this.#levels = copyOf(event.block.levels);
        break;
      case 'job-started':
        this.#count(event.level, 1, 0);
        break;
      case 'job-proven':
        this.#count(event.level, -1, 1);
        break;
      case 'job-given-back':
      case 'job-retried':
        this.#count(event.level, -1, 0);
        break;
    }
  }

  levels(): readonly LevelProgress[] {
    return copyOf(this.#levels);
  }

  total(): { readonly jobs: number; readonly done: number; readonly running: number } {
    const total = { jobs: 0, done: 0, running: 0 };
    for (const { jobs, done, running } of this.#levels) {
      total.jobs += jobs;
      total.done += done;
      total.running += running;
    }
    return total;
  }

  #count(level: number, running: number, done: number): void {
    const counts = this.#levels[level];
    if (counts === undefined) return;
    counts.running = Math.max(0, counts.running + running);
    counts.done = Math.min(counts.jobs, counts.done + done);
  }
}

function copyOf(levels: readonly LevelProgress[]): Counts[] {
  return levels.map(({ name, jobs, done, running }) => ({ name, jobs, done, running }));
}
