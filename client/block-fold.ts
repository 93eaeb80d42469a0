import { EspalierError } from '../common/index.js';
import type { BlockView, JobId, LevelProgress, WatchedEventBody } from '../proto/index.js';

/** Jobs that are known by name to be running, at most: more than the fleet of any cluster has at once. */
const RUNNING_MAX = 100_000;

/**
 * A block after each of its events. Counts of proven jobs are exact. Those of running ones are as of the last snapshot,
 * and from there on what was heard of each job; what ran before a snapshot is known by number only.
 */
export class BlockFold {
  #block: BlockView | null;
  /** The level of each job that was heard to start since the last snapshot. */
  readonly #started = new Map<JobId, number>();

  /** `block`: as of the place from which events are followed; null where the first is a snapshot. */
  constructor(block: BlockView | null) {
    this.#block = block;
  }

  /** Throws `internal` where there is nothing that the event could build on. */
  apply(event: WatchedEventBody): BlockView {
    this.#block = this.#next(event);
    return this.#block;
  }

  #next(event: WatchedEventBody): BlockView {
    if (event.kind === 'snapshot' || event.kind === 'ended') {
      this.#started.clear();
      return event.block;
    }
    const block = this.#block;
    if (block === null) {
      throw new EspalierError('internal', `the stream of events begins with ${event.kind}, not with a snapshot`);
    }
    switch (event.kind) {
      case 'job-started':
        if (this.#started.has(event.jobId) || this.#started.size >= RUNNING_MAX) return block;
        this.#started.set(event.jobId, event.level);
        return counted(block, event.level, 0, 1);
      case 'job-proven':
        return counted(block, event.level, 1, this.#stopped(event.jobId, event.level, block));
      case 'job-retried':
        return counted(block, event.level, 0, this.#stopped(event.jobId, event.level, block));
      case 'proof-lost':
        return counted(block, levelOf(event.jobId, block.levels), -1, 0);
      case 'forecast':
        return { ...block, forecast: event.forecast };
    }
  }

  /** How the number of running jobs changes when one has stopped: it may have been found proven without running. */
  #stopped(jobId: JobId, level: number, block: BlockView): number {
    if (this.#started.delete(jobId)) return -1;
    const named = [...this.#started.values()].filter((other) => other === level).length;
    return (block.levels[level]?.running ?? 0) > named ? -1 : 0;
  }
}

function counted(block: BlockView, level: number, done: number, running: number): BlockView {
  const before = block.levels[level];
  if (before === undefined) return block;
  const doneNow = Math.min(before.jobs, Math.max(0, before.done + done));
  const runningNow = Math.min(before.jobs - doneNow, Math.max(0, before.running + running));
  const levels = block.levels.with(level, { ...before, done: doneNow, running: runningNow });
  return {
    ...block,
    levels,
    done: block.done + doneNow - before.done,
    running: Math.max(0, block.running + runningNow - before.running),
  };
}

/** The level of a job by its id, `<circuit>.<position>.<lineage>`; -1 where it cannot be told. */
function levelOf(jobId: JobId, levels: readonly LevelProgress[]): number {
  const [circuit = '', position] = jobId.split('.');
  if (circuit.startsWith('root')) return levels.length - 1;
  const name = circuit.startsWith('merge') ? `merge ${position}` : NAMES.find((known) => circuit.startsWith(known));
  return levels.findIndex((level) => level.name === name);
}

/** Levels of one kind of circuit each. */
const NAMES = ['public-vm', 'public-kernel', 'base'] as const;
