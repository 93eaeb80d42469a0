/** Plans one block in this process and prints what it cost: `node plan-once.js TRANSACTIONS CALLS`. */
import { createHash } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Bitset, planBlock, Scheduler } from '../../orchestrator/index.js';

export interface PlanningCost {
  readonly jobs: number;
  /** From transaction ids and call counts to the tree. */
  readonly planMs: number;
  /** Making every job of the tree once, with its id and children. */
  readonly everyJobMs: number;
  /** From the tree to the scheduler's first commands. */
  readonly enqueueMs: number;
  /** What the tree keeps, after a collection. */
  readonly treeBytes: number;
  /** Of the whole process, from its start to its end. */
  readonly peakMiB: number;
}

const [transactions = 0, calls = 0] = process.argv.slice(2).map(Number);
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function keptBytes(): number {
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

const shape = {
  lineageSeed: sha256('start'),
  transactionIds: Array.from({ length: transactions }, (_, t) => sha256(`transaction ${t}`)),
  callCounts: new Array<number>(transactions).fill(calls),
};
const before = keptBytes();

const startedMs = performance.now();
const tree = planBlock(shape);
const planMs = performance.now() - startedMs;
const treeBytes = keptBytes() - before;

const jobsFromMs = performance.now();
for (let job = 0; job < tree.size; job++) tree.job(job, 'block', () => 'rollup');
const everyJobMs = performance.now() - jobsFromMs;

const scheduler = new Scheduler({ resourceClassOf: () => 'rollup' });
const enqueueFromMs = performance.now();
const commands = scheduler.handle({
  kind: 'block-added',
  nowMs: 0,
  blockId: 'block',
  tree,
  finished: new Bitset(tree.size),
  ageRank: 1,
});
const enqueueMs = performance.now() - enqueueFromMs;
if (commands[0]?.kind !== 'enqueue') throw new Error('the scheduler enqueued nothing');

// Node gives the peak in KiB.
const peakMiB = process.resourceUsage().maxRSS / 1024;
const cost: PlanningCost = { jobs: tree.size, planMs, everyJobMs, enqueueMs, treeBytes, peakMiB };
process.stdout.write(JSON.stringify(cost));
