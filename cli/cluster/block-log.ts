import { blockContext, type Clock } from '../../common/index.js';
import type { BlockId, RunEventBody } from '../../proto/index.js';
import type { BlockClaim } from '../../queue/index.js';
import { contentText, progressText, shortId } from '../api/render-blocks.js';
import { formatCount, formatDuration, formatPlural } from '../format.js';
import { shortJobName } from '../progress/progress-view.js';
import type { LogTone, ProcessLog } from './process-log.js';

/** Lines about the progress of one block come no more often: a large one has thousands of proofs. */
const PROGRESS_INTERVAL_MS = 5_000;
/** Blocks followed at once: many more than an orchestrator owns. */
const BLOCKS_MAX = 1_000;

type EventOf<K extends RunEventBody['kind']> = Extract<RunEventBody, { readonly kind: K }>;

interface Progress {
  readonly jobs: number;
  done: number;
  readonly running: Set<string>;
  saidAtMs: number;
}

/**
 * What an orchestrator says of its blocks: every event for a program, and for a person those that matter, with progress
 * every few seconds. Knows only what it heard: blocks that were taken over begin with what was found of them.
 */
export class BlockLog {
  readonly #log: ProcessLog;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #blocks = new Map<BlockId, Progress>();
  /** Of the blocks that are owned. */
  readonly #traces = new Map<BlockId, string>();

  constructor(log: ProcessLog, clock: Pick<Clock, 'monotonicMs'>) {
    this.#log = log;
    this.#clock = clock;
  }

  /** See `OrchestratorOptions.onClaimed`: from now on its lines name its trace. */
  onClaimed(claim: BlockClaim, whenGone: Promise<boolean>): void {
    const { blockId } = claim;
    const { traceId } = blockContext(claim).own;
    this.#traces.set(blockId, traceId);
    void whenGone.then(() => this.#traces.get(blockId) === traceId && this.#traces.delete(blockId));
  }

  onEvent(blockId: BlockId, event: RunEventBody): void {
    const line = this.#line(blockId, event);
    const text = line === null ? null : `block ${shortId(blockId)} ${line[1]}`;
    const traceId = this.#traces.get(blockId);
    this.#log.write(line?.[0] ?? 'plain', text, { ...event, blockId, ...(traceId === undefined ? {} : { traceId }) });
  }

  /** null: nothing that a person wants to read. */
  #line(blockId: BlockId, event: RunEventBody): readonly [LogTone, string] | null {
    const block = this.#blocks.get(blockId);
    switch (event.kind) {
      case 'phase':
        return this.#begun(blockId);
      case 'planned':
        return ['plain', this.#planned(blockId, event)];
      case 'job-started':
        block?.running.add(event.jobId);
        return null;
      case 'job-given-back':
        block?.running.delete(event.jobId);
        return ['plain', `waits for another worker with ${shortJobName(event.jobId)}: ${event.workerId} gave it back`];
      case 'job-proven':
        return block === undefined ? null : this.#progressed(block, event.jobId);
      case 'job-retried': {
        block?.running.delete(event.jobId);
        const { jobId, attempt, delayMs, error } = event;
        const when = delayMs > 0 ? `in ${formatDuration(delayMs)}` : 'now';
        const why = `attempt ${attempt} ended with [${error.code}] ${error.message}`;
        return ['warning', `tries ${shortJobName(jobId)} again ${when}: ${why}`];
      }
      case 'proof-corrupt':
        return ['warning', `makes ${shortJobName(event.jobId)} again, as its proof is of no use: ${event.message}`];
      case 'lateness':
        return event.late === null
          ? ['good', 'is expected in time again']
          : ['warning', `will be late: ${event.late.message}`];
      case 'warning':
        return ['warning', event.message];
      case 'block-proven': {
        this.#blocks.delete(blockId);
        const made = `${formatPlural(event.proven, 'proof')} in ${formatDuration(event.makespanMs)}`;
        return ['good', `is proven: ${made}, longest chain ${formatDuration(event.criticalPathMs)}`];
      }
      case 'block-failed':
        this.#blocks.delete(blockId);
        return failedLine(event);
    }
  }

  /** The first that is heard of a block says that it is this orchestrator's now. */
  #begun(blockId: BlockId): readonly [LogTone, string] | null {
    if (this.#blocks.has(blockId)) return null;
    this.#follow(blockId, 0, 0);
    return ['plain', 'is claimed, and checked'];
  }

  #planned(blockId: BlockId, event: EventOf<'planned'>): string {
    const { jobs, alreadyProven: done } = event;
    this.#follow(blockId, jobs, done);
    const found = done === 0 ? '' : `, ${formatCount(done)} of them proven already`;
    return `is planned: ${contentText(event)}, ${formatPlural(jobs, 'proof')} to make${found}`;
  }

  #follow(blockId: BlockId, jobs: number, done: number): void {
    const [oldest] = this.#blocks.keys();
    // Blocks that went to another orchestrator are never heard of again.
    if (oldest !== undefined && this.#blocks.size >= BLOCKS_MAX) this.#blocks.delete(oldest);
    this.#blocks.set(blockId, { jobs, done, running: new Set(), saidAtMs: this.#clock.monotonicMs() });
  }

  /** null while it is too soon to say so again. */
  #progressed(block: Progress, jobId: string): readonly [LogTone, string] | null {
    block.running.delete(jobId);
    block.done = Math.min(block.jobs, block.done + 1);
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - block.saidAtMs < PROGRESS_INTERVAL_MS) return null;
    block.saidAtMs = nowMs;
    return ['plain', progressText({ ...block, running: block.running.size })];
  }
}

function failedLine({ error, jobId }: EventOf<'block-failed'>): readonly [LogTone, string] {
  if (error.code === 'cancelled') return ['plain', 'is cancelled'];
  const place = jobId === null ? '' : ` at ${shortJobName(jobId)} (\`espalier replay ${jobId}\`)`;
  return ['bad', `failed${place}: [${error.code}] ${error.message}`];
}
