import type { Hasher } from '../../circuits/index.js';
import { planExecution } from '../../orchestrator/index.js';
import { type Block, collectBlock, sourceOf } from '../../proto/index.js';
import { compareHashers, type HashCosts } from '../executing/compare-hashers.js';
import { simulatedBlockParts, simulatedTools } from '../executing/simulated-tools.js';
import { median } from '../median.js';
import type { Row, Scope } from '../scope.js';

/** What issue 5 asks for, with two calls a transaction. */
const TRANSACTIONS_A_SECOND_MIN = 150;
const CALLS = [0, 2] as const;

export const executing: Scope = {
  description: 'executes a block for real (state, traces, the inputs of every circuit); what a hash costs',
  repetitions: 5,
  run: ({ repetitions, progress }) => measureExecuting({ transactions: 2_000, hashes: 20_000 }, repetitions, progress),
};

type Tools = Awaited<ReturnType<typeof simulatedTools>>;

interface Execution {
  readonly executeMs: number;
  readonly inputsMs: number;
  readonly cpuMs: number;
  readonly permutations: number;
}

export async function measureExecuting(
  { transactions, hashes }: { readonly transactions: number; readonly hashes: number },
  repetitions: number,
  progress: (line: string) => void,
): Promise<readonly Row[]> {
  const tools = await simulatedTools();
  const blocks = new Map<number, Block>();
  for (const calls of CALLS) {
    progress(`executing: making a block of ${transactions} transactions with ${calls} calls each`);
    blocks.set(calls, await collectBlock(simulatedBlockParts(tools, { txs: transactions, calls })));
  }
  const executions = new Map<number, Execution[]>(CALLS.map((calls) => [calls, []]));
  const costs: HashCosts[] = [];
  for (let repetition = 1; repetition <= repetitions; repetition++) {
    progress(`executing: ${repetition} of ${repetitions}`);
    for (const [calls, block] of blocks) executions.get(calls)?.push(await executeOnce(tools, block));
    costs.push(await compareHashers(tools.hasher, hashes));
  }
  const rows = CALLS.flatMap((calls) => rowsOf(calls, transactions, executions.get(calls) ?? []));
  const hash = (name: string, unit: string, of: (cost: HashCosts) => number): Row => ({
    name: `executing/${name}`,
    unit,
    ...median(costs.map(of)),
  });
  return [
    ...rows,
    hash('permutation', 'us', ({ oursUs }) => oursUs),
    hash('permutation-by-barretenberg', 'us', ({ barretenbergUs }) => barretenbergUs),
    hash('permutation-ratio', '', ({ oursUs, barretenbergUs }) => oursUs / barretenbergUs),
  ];
}

function rowsOf(calls: number, transactions: number, executions: readonly Execution[]): readonly Row[] {
  const row = (what: string, unit: string, of: (execution: Execution) => number): Row => ({
    name: `executing/${calls}-calls/${what}`,
    unit,
    ...median(executions.map(of)),
  });
  const perSecond = (ms: number) => (1e3 * transactions) / ms;
  return [
    {
      ...row('transactions', 'tx/s', ({ executeMs, inputsMs }) => perSecond(executeMs + inputsMs)),
      ...(calls === 0 ? {} : { targetMin: TRANSACTIONS_A_SECOND_MIN }),
      note: 'with the inputs of every circuit, as workers are given them',
    },
    row('without-inputs', 'tx/s', ({ executeMs }) => perSecond(executeMs)),
    row('cpu', 'ms/tx', ({ cpuMs }) => cpuMs / transactions),
    row('permutations', '/tx', ({ permutations }) => permutations / transactions),
  ];
}

/** Executes and plans, as an orchestrator does, then makes the inputs of each job once. */
async function executeOnce(tools: Tools, block: Block): Promise<Execution> {
  let permutations = 0;
  const hasher: Hasher = {
    hash: (inputs) => {
      permutations += Math.max(1, Math.ceil(inputs.length / 3));
      return tools.hasher.hash(inputs);
    },
    compress: (...children) => {
      permutations += 1;
      return tools.hasher.compress(...children);
    },
    permute: (state) => tools.hasher.permute(state),
  };
  const cpuBefore = process.cpuUsage();
  const startedMs = performance.now();
  const { tree, inputs } = await planExecution(sourceOf(block), { ...tools, hasher }, {});
  const executedMs = performance.now();
  for (let job = 0; job < tree.size; job++) inputs.of(job);
  const inputsMs = performance.now() - executedMs;
  const { user, system } = process.cpuUsage(cpuBefore);
  return { executeMs: executedMs - startedMs, inputsMs, cpuMs: (user + system) / 1e3, permutations };
}
