import {
  type Bitset,
  type BlockSnapshot,
  neededJobs,
  type ProofTree,
  type SchedulerCommand,
} from '../../orchestrator/index.js';
import { type BlockEventBody, LevelCounts } from '../../proto/index.js';

interface ToldBlock {
  readonly tree: ProofTree;
  readonly counts: LevelCounts;
}

const error = { code: 'internal', message: 'as the scenario says' } as const;

/**
 * What someone would believe who watches each block: the counts that they get from the events alone must be those that
 * its owner knows, after everything that happens. So a snapshot and the events behind it give every later snapshot.
 */
export class ToldCounts {
  readonly #blocks = new Map<string, ToldBlock>();

  plan(blockId: string, tree: ProofTree, finished: Bitset): void {
    const needed = neededJobs(tree, finished);
    const levels = tree.levels().map(({ name, jobs }) => ({ name, jobs, done: 0, running: 0 }));
    for (let job = 0; job < tree.size; job++) {
      const level = levels[tree.levelOf(job)];
      if (level !== undefined && !needed.has(job)) level.done++;
    }
    this.#blocks.set(blockId, { tree, counts: new LevelCounts(levels) });
  }

  forget(blockId: string): void {
    this.#blocks.delete(blockId);
  }

  obey(command: SchedulerCommand): void {
    if (!('blockId' in command)) return;
    const block = this.#blocks.get(command.blockId);
    const event = block === undefined ? undefined : eventOf(command, block.tree);
    if (event !== undefined) block?.counts.apply(event);
  }

  check({ blockId, levels, done, running }: BlockSnapshot): void {
    const block = this.#blocks.get(blockId);
    if (block === undefined) throw new Error(`${blockId} was never planned`);
    for (const [i, told] of block.counts.levels().entries()) {
      const known = levels[i];
      if (told.done === known?.done && told.running === known.running && told.jobs === known.jobs) continue;
      throw new Error(`${blockId} is told to be at ${JSON.stringify(told)}, and is at ${JSON.stringify(known)}`);
    }
    const total = block.counts.total();
    if (total.done !== done || total.running !== running) throw new Error(`${blockId}: levels do not add up`);
  }
}

type OfJob = SchedulerCommand & {
  readonly kind: 'report-started' | 'report-given-back' | 'report-proven' | 'report-retry';
};

function isOfJob(command: SchedulerCommand): command is OfJob {
  const { kind } = command;
  return (
    kind === 'report-started' || kind === 'report-given-back' || kind === 'report-proven' || kind === 'report-retry'
  );
}

function eventOf(command: SchedulerCommand, tree: ProofTree): BlockEventBody | undefined {
  if (command.kind === 'report-recounted') return { kind: 'recounted', levels: command.levels };
  if (!isOfJob(command)) return;
  const { jobId } = command;
  const job = tree.indexOf(jobId);
  const about = { jobId, circuit: tree.circuit(job), level: tree.levelOf(job) };
  switch (command.kind) {
    case 'report-started':
      return { kind: 'job-started', ...about, workerId: 'w', attempt: 1 };
    case 'report-given-back':
      return { kind: 'job-given-back', ...about, workerId: 'w', attempt: 1 };
    case 'report-proven':
      return { kind: 'job-proven', ...about, workerId: 'w', attempts: 1, wallMs: 1 };
    case 'report-retry':
      return { kind: 'job-retried', ...about, attempt: command.attempt, delayMs: command.delayMs, error };
  }
}
