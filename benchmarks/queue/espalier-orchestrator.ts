/** An orchestrator whose blocks have nothing to prove. */
import { Bitset } from '../../orchestrator/index.js';
import type { Job } from '../../proto/index.js';
import type { BullmqJobQueue } from '../../queue/index.js';
import { machineMs, ownCpuMs, ownPeakBytes } from './clock.js';
import { hold } from './hold.js';
import { keptOfBlock } from './kept-of-block.js';
import { classOf, NoOpRun } from './no-op-run.js';
import { openQueue, type QueueTarget } from './open-queue.js';
import { serveCalls } from './serve-calls.js';
import { type TreeShape, treeOf } from './tree-shape.js';

/** When a job was added, and when its start was heard of: `machineMs`. */
export interface AddedJob {
  readonly addedMs: number;
  readonly heardMs: number;
}

let opened: BullmqJobQueue | undefined;

serveCalls({
  cpuMs: ownCpuMs,
  peakBytes: ownPeakBytes,
  async open(target: QueueTarget) {
    opened = await openQueue(target, 'orchestrator.1');
  },
  /** As `keptOfBlock`. */
  kept: (shape: TreeShape) => keptOfBlock(queue(), shape),
  /** Jobs that the queue has. */
  queued: async () =>
    Object.values(await queue().counts()).reduce((sum, { waiting, leased }) => sum + waiting + leased, 0),
  /** Resolves with the milliseconds from handing the planned block to the scheduler until its root is proven. */
  async drain({ shape, seed }: { readonly shape: TreeShape; readonly seed: string }): Promise<number> {
    const run = new NoOpRun(queue().producer, { id: seed, tree: treeOf(shape, seed) });
    const startedMs = machineMs();
    await run.run();
    return machineMs() - startedMs;
  },
  /** One transaction, all of its VM proofs there: every job waits for the one before. */
  async chain(calls: number): Promise<void> {
    const tree = treeOf({ transactions: 1, calls }, 'chain');
    const finished = new Bitset(tree.size);
    for (let call = 0; call < calls; call++) finished.add(tree.vmJob(0, call));
    await new NoOpRun(queue().producer, { id: 'chain', tree }).run(finished);
  },
  /** Adds one job when the one before is done, after a while in which everything is idle. */
  async addOneByOne({ count, idleMsMax }: { readonly count: number; readonly idleMsMax: number }) {
    const tree = treeOf({ transactions: 1, calls: count }, 'one-by-one');
    const added: AddedJob[] = [];
    for (let call = 0; call < count; call++) {
      await hold(idleMsMax);
      added.push(await addOne(tree.job(tree.vmJob(0, call), 'one-by-one', classOf)));
    }
    return added;
  },
});

function addOne(job: Job): Promise<AddedJob> {
  return new Promise((resolve, reject) => {
    let heardMs = Number.NaN;
    const addedMs = machineMs();
    const stopListening = queue().producer.onReport((report) => {
      if (report.kind === 'started') heardMs = machineMs();
      if (report.kind !== 'proven') return;
      stopListening();
      resolve({ addedMs, heardMs });
    });
    queue()
      .producer.add([{ job, attempt: 1, order: [0, 0] }])
      .catch(reject);
  });
}

function queue(): BullmqJobQueue {
  if (opened === undefined) throw new Error('"open" comes first');
  return opened;
}
