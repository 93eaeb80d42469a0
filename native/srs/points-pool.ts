import { setMaxListeners } from 'node:events';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Piscina } from 'piscina';
import { packageRoot } from '../../common/index.js';
import type { MultiplesTask } from './points-worker.js';

/** Threads are worth their tables up to here: 75 MB each. */
const THREADS_MAX = 8;

/** Computes points of an SRS in worker threads. */
export interface PointsPool {
  readonly threads: number;
  /** `first * ratio^i * G` for `count` values of `i`, 64 bytes a point. */
  multiples(task: MultiplesTask): Promise<Uint8Array>;
  /** 32 bytes a point in, 64 out. */
  expand(compressed: Uint8Array): Promise<Uint8Array>;
  stop(): Promise<void>;
}

export interface PointsPoolOptions {
  /** Default: the cores of this process, up to 8. */
  readonly threads?: number | undefined;
  /** Ends the calls in progress. */
  readonly signal?: AbortSignal | undefined;
}

export function createPointsPool(options: PointsPoolOptions = {}): PointsPool {
  const threads = options.threads ?? Math.min(availableParallelism(), THREADS_MAX);
  // Threads run compiled code, wherever this module was loaded from (tests load the source).
  const filename = join(packageRoot(import.meta.url), 'dist', 'native', 'srs', 'points-entry.cjs');
  const pool = new Piscina({ filename, minThreads: threads, maxThreads: threads });
  const settings = options.signal === undefined ? {} : { signal: forAnyNumber(options.signal) };
  return {
    threads,
    multiples: (task) => pool.run(task, { ...settings, name: 'multiples' }),
    expand: (compressed) => pool.run(compressed, { ...settings, name: 'expand' }),
    stop: () => pool.destroy(),
  };
}

/** A signal that follows another one. Each waiting call listens, and Node warns of more than ten listeners of a signal. */
function forAnyNumber(signal: AbortSignal): AbortSignal {
  const own = AbortSignal.any([signal]);
  setMaxListeners(0, own);
  return own;
}
