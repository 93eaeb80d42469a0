import { createHash } from 'node:crypto';
import type { ErrorCode } from '../../common/index.js';
import { Random } from '../../orchestrator/fleet/random.js';
import { type JobCircuit, type ProofTree, planBlock } from '../../orchestrator/index.js';
import type { JobId } from '../../proto/index.js';

/** How often what goes wrong, as probabilities. All zero: nothing does. */
export interface FaultRates {
  /** An attempt fails with one of `codes`. */
  readonly failure: number;
  readonly codes: readonly ErrorCode[];
  /** A worker dies in an attempt, and all else that it does with it. */
  readonly crash: number;
  /** A dead worker was only silent: its proofs come late. */
  readonly zombie: number;
  /** An attempt takes many times as long as it should. */
  readonly straggle: number;
  /** A worker gives an attempt back when half of it is done. */
  readonly preempt: number;
  /** A report is delivered twice. */
  readonly duplicate: number;
  /** A report is delivered late. */
  readonly late: number;
}

export interface SimulatedBlock {
  readonly blockId: string;
  readonly ageRank: number;
  readonly tree: ProofTree;
  readonly addedAtMs: number;
}

/** What is wrong with a job itself. */
export type Trouble = 'kills-its-worker' | 'needs-more-memory' | 'fits-nowhere';

export interface Scenario {
  readonly blocks: readonly SimulatedBlock[];
  readonly machines: number;
  readonly workersPerMachine: number;
  /** How many machines take VM jobs only, while all others take no VM job. Left out: every machine takes every job. */
  readonly vmMachines?: number;
  readonly slotsPerWorker: number;
  /** Jobs that a worker takes ahead of the time when it can begin them. */
  readonly stagedPerWorker: number;
  /** Whether the queue says of a lost lease if its proof had begun. */
  readonly tellsStarted: boolean;
  /** How many machines have workers that fail each job like this, until they are drained and replaced. */
  readonly badMachines: number;
  readonly badMachinesFailWith: 'proof-invalid' | 'prover-unavailable';
  readonly troubled: ReadonlyMap<JobId, Trouble>;
  readonly keepProofs: boolean;
  readonly durationsMs: Readonly<Record<JobCircuit, number>>;
  /** Durations vary by up to this share of themselves. */
  readonly jitter: number;
  readonly faults: FaultRates;
  /** Stored proofs damaged, lost proofs reported without need, blocks cancelled, orchestrators killed: how many each. */
  readonly accidents: {
    readonly corrupt: number;
    readonly lost: number;
    readonly cancel: number;
    readonly death: number;
  };
  /** From here on nothing goes wrong any more. */
  readonly calmFromMs: number;
}

export const DURATIONS_MS: Readonly<Record<JobCircuit, number>> = {
  'public-vm': 3_000,
  'public-kernel-first': 25_000,
  'public-kernel-next': 25_000,
  'base-rollup-private': 12_500,
  'base-rollup-public': 12_500,
  'merge-rollup': 25_000,
  'root-rollup': 25_000,
  'root-rollup-single': 12_500,
};

export const NO_FAULTS: FaultRates = {
  failure: 0,
  codes: [],
  crash: 0,
  zombie: 0,
  straggle: 0,
  preempt: 0,
  duplicate: 0,
  late: 0,
};
export const NO_ACCIDENTS = { corrupt: 0, lost: 0, cancel: 0, death: 0 };

/** Failures with a budget are rare enough not to use it up each time; those without are likely. */
const RETRYABLE: readonly ErrorCode[] = [
  'lease-lost',
  'cancelled',
  'store-unavailable',
  'prover-crashed',
  'prover-timeout',
  'proof-invalid',
  'queue-unavailable',
  'disk-full',
  'internal',
];
const FATAL: readonly ErrorCode[] = ['witness-unsatisfied', 'inputs-malformed', 'prover-rejected'];

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/** A block whose transactions are told apart by their tags: equal tags and calls are the same transaction. */
export function treeOf(transactions: readonly { readonly tag: string; readonly calls: number }[]): ProofTree {
  return planBlock({
    lineageSeed: sha256('simulation'),
    transactionIds: transactions.map(({ tag, calls }) => sha256(`${tag} ${calls}`)),
    callCounts: transactions.map(({ calls }) => calls),
  });
}

/** Everything about a run, from its seed. */
export function scenarioOf(seed: number): Scenario {
  const random = new Random(seed);
  const calm = random.chance(0.1);
  const blocks: SimulatedBlock[] = [];
  const shared = randomTransactions(random, 'shared', 8);
  for (let b = random.integer(1, 3); b > 0; b--) {
    const prefix = random.chance(0.6) ? shared.slice(0, random.integer(1, shared.length)) : [];
    const own = randomTransactions(random, `own ${b}`, prefix.length > 0 ? 4 : 10);
    blocks.push({
      blockId: `block-${b}`,
      ageRank: random.integer(1, 9),
      tree: treeOf([...prefix, ...own]),
      addedAtMs: random.chance(0.5) ? 0 : random.between(0, 200_000),
    });
  }
  const level = random.next() ** 2;
  const machines = random.integer(1, 4);
  const tellsStarted = random.chance(0.8);
  return {
    blocks,
    machines,
    workersPerMachine: random.integer(1, 2),
    slotsPerWorker: random.integer(1, 3),
    stagedPerWorker: random.integer(0, 2),
    tellsStarted,
    badMachines: !calm && random.chance(0.15) ? random.integer(1, machines) : 0,
    badMachinesFailWith: random.pick(['proof-invalid', 'prover-unavailable'] as const) ?? 'proof-invalid',
    troubled: calm ? new Map() : troubledJobs(random, blocks),
    keepProofs: random.chance(0.2),
    durationsMs: DURATIONS_MS,
    jitter: random.pick([0, 0.1, 0.9]) ?? 0,
    faults: calm
      ? NO_FAULTS
      : {
          failure: level * 0.3,
          codes: random.chance(0.15) ? FATAL : RETRYABLE,
          crash: random.chance(0.5) ? level * 0.2 : 0,
          zombie: random.pick([0, 0.5]) ?? 0,
          straggle: random.pick([0, 0.02, 0.2]) ?? 0,
          // A queue that does not tell leaves it to the order of reports, which come late here, who had begun a job.
          preempt: tellsStarted ? (random.pick([0, 0.05, 0.3]) ?? 0) : 0,
          duplicate: random.chance(0.5) ? 0.3 : 0,
          late: random.chance(0.5) ? 0.3 : 0,
        },
    accidents: calm
      ? NO_ACCIDENTS
      : {
          corrupt: random.chance(0.6) ? random.integer(1, 4) : 0,
          lost: random.chance(0.6) ? random.integer(1, 4) : 0,
          cancel: random.chance(0.3) ? random.integer(1, 2) : 0,
          death: random.chance(0.5) ? random.integer(1, 4) : 0,
        },
    calmFromMs: random.between(100_000, 1_500_000),
  };
}

function troubledJobs(random: Random, blocks: readonly SimulatedBlock[]): ReadonlyMap<JobId, Trouble> {
  const troubled = new Map<JobId, Trouble>();
  if (random.chance(0.6)) return troubled;
  const troubles = ['kills-its-worker', 'needs-more-memory', 'needs-more-memory', 'fits-nowhere'] as const;
  for (let count = random.integer(1, 3); count > 0; count--) {
    const tree = random.pick(blocks)?.tree;
    const trouble = random.pick(troubles);
    if (tree !== undefined && trouble !== undefined) troubled.set(tree.jobId(random.integer(0, tree.root)), trouble);
  }
  return troubled;
}

function randomTransactions(random: Random, tag: string, max: number): { tag: string; calls: number }[] {
  return Array.from({ length: random.integer(1, max) }, (_, t) => ({
    tag: `${tag} ${t}`,
    calls: random.integer(0, 3),
  }));
}
