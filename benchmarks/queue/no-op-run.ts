import { systemClock } from '../../common/index.js';
import {
  Bitset,
  type BlockOutcome,
  type JobCircuit,
  type PreparedBlock,
  type ProofTree,
  SchedulerShell,
  type ShellHost,
} from '../../orchestrator/index.js';
import { DEFAULT_CIRCUIT_CLASSES, type ResourceClass } from '../../proto/index.js';
import type { JobProducer } from '../../queue/index.js';

/**
 * Drives one block of jobs that prove nothing, as an orchestrator does: with its scheduler and the shell around it. There
 * is no store: no inputs are written, no proofs are looked at or deleted. Nor is there a board: no attempts, credits and
 * progress are noted.
 */
export class NoOpRun implements ShellHost {
  readonly #queue: JobProducer;
  readonly #blockId: string;
  readonly #tree: ProofTree;
  readonly #shell: SchedulerShell;
  #outcome: BlockOutcome | undefined;

  constructor(queue: JobProducer, tree: ProofTree, blockId: string) {
    this.#queue = queue;
    this.#blockId = blockId;
    this.#tree = tree;
    this.#shell = new SchedulerShell({
      scheduling: { resourceClassOf: classOf },
      queue,
      proofs: { deleteProof: async () => {} },
      clock: systemClock,
      host: this,
    });
  }

  /** Resolves when the root is reported to be proven. `finished`: jobs that are proven already. */
  async run(finished: Bitset = new Bitset(this.#tree.size)): Promise<void> {
    const shell = this.#shell;
    const stopListening = this.#queue.onReport((report) => shell.report(report));
    try {
      // Of a block without inputs there is no more, and the shell asks for no more.
      const prepared = { id: this.#blockId, tree: this.#tree } as PreparedBlock;
      shell.add({ prepared, stored: { find: async () => ({}) } }, { finished, ageRank: 0 });
      while (this.#outcome === undefined) await shell.step();
    } finally {
      await shell.close();
      stopListening();
    }
    if (this.#outcome !== 'proven') throw new Error(`the block failed: ${this.#outcome.error.message}`);
  }

  async provide(): Promise<void> {}

  async accept(): Promise<void> {}

  onEvent(): void {}

  onEnd(_blockId: string, outcome: BlockOutcome): void {
    this.#outcome = outcome;
  }

  onSupplyFault(_jobs: unknown, thrown: unknown): void {
    this.#shell.break(thrown);
  }

  onCheckFault(thrown: unknown): void {
    this.#shell.break(thrown);
  }
}

export function classOf(circuit: JobCircuit): ResourceClass {
  return DEFAULT_CIRCUIT_CLASSES[circuit];
}
