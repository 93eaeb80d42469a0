/** Plans one block in this process and prints what it cost: `node plan-once.js TRANSACTIONS CALLS`. */
import { Bitset, planBlock, Scheduler } from '../../orchestrator/index.js';
import { keptBytes } from '../queue/kept-bytes.js';
import { hashedOutlineOf } from '../queue/tree-shape.js';

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
const outline = hashedOutlineOf({ transactions, calls }, 'plan');
const before = await keptBytes();

const startedMs = performance.now();
const tree = planBlock(outline);
const planMs = performance.now() - startedMs;
const treeBytes = (await keptBytes()) - before;

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
