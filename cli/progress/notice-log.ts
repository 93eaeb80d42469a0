import type { RunEvent } from '../../proto/index.js';
import { formatDuration } from '../format.js';
import { type Notice, shortJobName } from './progress-view.js';

/** Notices kept; more than can have come up between two repaints. */
const NOTICES_MAX = 100;

/** Different warnings remembered in order to say each once. */
const WARNINGS_MAX = 1_000;

/** What is said once: warnings (never the same one twice), retries, and stored proofs that were corrupt. */
export class NoticeLog {
  readonly #warned = new Set<string>();
  #newest: Notice[] = [];
  #count = 0;

  /** The newest ones, oldest first. */
  get newest(): readonly Notice[] {
    return this.#newest;
  }

  /** Of all notices ever. */
  get count(): number {
    return this.#count;
  }

  apply(event: RunEvent): void {
    if (event.kind === 'warning') this.#warn(event.code, event.message);
    if (event.kind === 'proof-corrupt') {
      this.#add({
        kind: 'corrupt',
        text: `stored proof of ${shortJobName(event.jobId)} is corrupt (${event.message}); proving it again`,
      });
    }
    if (event.kind === 'job-retried') {
      const { jobId, attempt, delayMs, error } = event;
      const when = delayMs > 0 ? `in ${formatDuration(delayMs)}` : 'now';
      this.#add({
        kind: 'retry',
        text: `${shortJobName(jobId)} failed in attempt ${attempt}, trying again ${when}: [${error.code}] ${error.message}`,
      });
    }
  }

  #warn(code: string, message: string): void {
    const key = `${code} ${message}`;
    if (this.#warned.has(key) || this.#warned.size >= WARNINGS_MAX) return;
    this.#warned.add(key);
    this.#add({ kind: 'warning', text: message });
  }

  #add(notice: Notice): void {
    this.#newest = [...this.#newest.slice(1 - NOTICES_MAX), notice];
    this.#count += 1;
  }
}
