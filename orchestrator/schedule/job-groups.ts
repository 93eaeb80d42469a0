import { CHILD_PARAMS, type JobCircuit } from '../plan/child-params.js';
import type { ProofTree } from '../plan/proof-tree.js';

export const JOB_CIRCUITS = Object.keys(CHILD_PARAMS) as readonly JobCircuit[];

export const CIRCUIT_NUMBER = Object.fromEntries(JOB_CIRCUITS.map((circuit, i) => [circuit, i])) as Record<
  JobCircuit,
  number
>;

/** Jobs of one circuit with equally long ways to the root: they, and their parents, are alike. */
export class JobGroup {
  readonly circuit: JobCircuit;
  /** The number of one of them. */
  readonly example: number;
  /** Jobs between one of them and the end, the root included and itself not. */
  readonly depth: number;
  /** Those that are still to prove; of these, how many could begin, and how many run. */
  left = 0;
  ready = 0;
  running = 0;

  constructor(circuit: JobCircuit, example: number, depth: number) {
    this.circuit = circuit;
    this.example = example;
    this.depth = depth;
  }
}

/** The groups of a tree's jobs: some dozens, however large the block is. */
export class JobGroups {
  readonly #tree: ProofTree;
  readonly #groups = new Map<number, JobGroup>();

  constructor(tree: ProofTree) {
    this.#tree = tree;
  }

  all(): Iterable<JobGroup> {
    return this.#groups.values();
  }

  /** `circuit`: the job's, by its number. */
  of(job: number, circuit = CIRCUIT_NUMBER[this.#tree.circuit(job)]): JobGroup {
    const tree = this.#tree;
    const parent = tree.parent(job);
    const parentNumber = parent < 0 ? 0 : CIRCUIT_NUMBER[tree.circuit(parent)];
    const [kernels, joins] = [tree.kernelsAbove(job), tree.joinsAbove(job)];
    const key = (kernels * 32 + joins) * 256 + circuit * 16 + parentNumber;
    let group = this.#groups.get(key);
    if (group === undefined) {
      const base = tree.place(job).kind === 'call' ? 1 : 0;
      group = new JobGroup(tree.circuit(job), job, kernels + base + joins);
      this.#groups.set(key, group);
    }
    return group;
  }

  /** That of the parents of a group's jobs; undefined for the root's. */
  parentOf(group: JobGroup): JobGroup | undefined {
    const parent = this.#tree.parent(group.example);
    return parent < 0 ? undefined : this.of(parent);
  }
}
