import { EspalierError } from '../../common/index.js';

/** Workers that are being restarted may be away for so long. */
const PATIENCE_MS = 10_000;
/** How often it is told. */
const TELL_MS = 60_000;

/** Notices that jobs wait and no worker is there: nothing else would say why blocks do not go on. */
export class EmptyFleet {
  readonly #onFault: (error: EspalierError) => void;
  /** Since when, by the monotonic clock; undefined while there are workers, or nothing waits. */
  #sinceMs: number | undefined;
  #toldMs = -Infinity;

  /** `onFault` hears of it, once a minute at most. */
  constructor(onFault: (error: EspalierError) => void) {
    this.#onFault = onFault;
  }

  /** `jobs`: how many should be in the queue. */
  look(workers: number, jobs: number, nowMs: number): void {
    if (workers > 0 || jobs === 0) {
      this.#sinceMs = undefined;
      return;
    }
    this.#sinceMs ??= nowMs;
    if (nowMs - this.#sinceMs < PATIENCE_MS || nowMs - this.#toldMs < TELL_MS) return;
    this.#toldMs = nowMs;
    const remedy = 'start espalier worker with the same --redis, --store and --namespace';
    this.#onFault(new EspalierError('resources-insufficient', `no worker is alive, and ${jobs} jobs wait`, { remedy }));
  }
}
