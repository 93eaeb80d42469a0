import { Bitset, type JobCircuit, type ProofTree, Scheduler, type SchedulerCommand } from '../../orchestrator/index.js';
import { DEFAULT_CIRCUIT_CLASSES, type JobReport, type QueuedJob, type ResourceClass } from '../../proto/index.js';
import type { JobProducer } from '../../queue/index.js';

/**
 * The shell of an orchestrator without a store: the real scheduler hears what the queue reports, and what it wants
 * queued and taken back is. What came while the queue was being told is handled together, as one message to the queue.
 * There are no inputs to write, no proofs to delete, no histories and credits to note.
 */
export class NoOpRun {
  readonly #queue: JobProducer;
  readonly #tree: ProofTree;
  readonly #blockId: string;
  readonly #scheduler = new Scheduler({ resourceClassOf: classOf });
  #reports: JobReport[] = [];
  #wake: (() => void) | undefined;

  constructor(queue: JobProducer, tree: ProofTree, blockId: string) {
    this.#queue = queue;
    this.#tree = tree;
    this.#blockId = blockId;
  }

  /** Resolves when the root is reported to be proven. `finished`: jobs that are proven already. */
  async run(finished: Bitset = new Bitset(this.#tree.size)): Promise<void> {
    const stopListening = this.#queue.onReport((report) => {
      this.#reports.push(report);
      this.#wake?.();
    });
    try {
      const block = { blockId: this.#blockId, tree: this.#tree, finished, ageRank: 0 };
      let ended = await this.#obey(this.#scheduler.handle({ kind: 'block-added', nowMs: performance.now(), ...block }));
      while (!ended) ended = await this.#obey(await this.#nextCommands());
    } finally {
      stopListening();
    }
  }

  async #nextCommands(): Promise<readonly SchedulerCommand[]> {
    while (this.#reports.length === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const reports = this.#reports;
    this.#reports = [];
    return reports.flatMap((report) => this.#hear(report));
  }

  #hear(report: JobReport): readonly SchedulerCommand[] {
    const { jobId } = report;
    const nowMs = performance.now();
    switch (report.kind) {
      case 'started':
        return this.#scheduler.handle({ kind: 'job-started', nowMs, jobId, attempt: report.attempt });
      case 'proven': {
        const { attempts, usage } = report.summary;
        return this.#scheduler.handle({ kind: 'job-proven', nowMs, jobId, attempt: attempts, wallMs: usage.wallMs });
      }
      default:
        throw new Error(`job ${jobId} does nothing, and was reported to be ${report.kind}`);
    }
  }

  /** Whether the block has ended. Removals before additions, as in each burst of commands. */
  async #obey(commands: readonly SchedulerCommand[]): Promise<boolean> {
    const gone: string[] = [];
    const ready: QueuedJob[] = [];
    let ended = false;
    for (const command of commands) {
      if (command.kind === 'remove') gone.push(...command.jobIds);
      else if (command.kind === 'enqueue') ready.push(...command.jobs);
      else if (command.kind === 'block-proven') ended = true;
      else if (command.kind === 'block-failed') throw new Error(`the block failed: ${command.error.message}`);
    }
    await Promise.all([
      gone.length > 0 ? this.#queue.remove(gone) : undefined,
      ready.length > 0 ? this.#queue.add(ready) : undefined,
    ]);
    return ended;
  }
}

export function classOf(circuit: JobCircuit): ResourceClass {
  return DEFAULT_CIRCUIT_CLASSES[circuit];
}
