/** Adds jobs to plain BullMQ, when it is asked to. */
import { type FlowJobNode, FlowProducer, Queue, QueueEvents } from 'bullmq';
import { connectRedis } from '../../common/index.js';
import type { ProofTree } from '../../orchestrator/index.js';
import { machineMs, ownCpuMs } from './clock.js';
import { hold } from './hold.js';
import { keptBytes } from './kept-bytes.js';
import { serveCalls } from './serve-calls.js';
import { type TreeShape, treeOf } from './tree-shape.js';

export interface ProducerTarget {
  readonly url: string;
  readonly queue: string;
}

/** So many at a time: one message with all of them would keep Redis from everything else. */
const BULK = 1_000;

let queue: Queue | undefined;
let flows: FlowProducer | undefined;
let url = '';

serveCalls({
  cpuMs: ownCpuMs,
  keptBytes,
  async open(target: ProducerTarget) {
    await queue?.close();
    await flows?.close();
    url = target.url;
    queue = new Queue(target.queue, { connection: { url } });
    flows = new FlowProducer({ connection: { url } });
    await Promise.all([queue.waitUntilReady(), flows.waitUntilReady()]);
  },
  /** Resolves with when it began. */
  async addJobs(count: number): Promise<number> {
    const startedMs = machineMs();
    for (let first = 0; first < count; first += BULK) {
      const jobs = Array.from({ length: Math.min(BULK, count - first) }, (_, i) => ({ name: 'job', data: first + i }));
      await opened(queue).addBulk(jobs);
    }
    return startedMs;
  },
  async addFlow(shape: TreeShape): Promise<number> {
    const flow = flowOf(shape);
    const startedMs = machineMs();
    await opened(flows).add(flow);
    return startedMs;
  },
  /** Resolves with the milliseconds from adding a flow until `QueueEvents` tell that its root is done. */
  async proveFlow(shape: TreeShape): Promise<number> {
    const flow = { ...flowOf(shape), opts: { jobId: 'root' } };
    const events = await eventsFromNow();
    const proven = new Promise<void>((resolve) => {
      events.on('completed', ({ jobId }) => jobId === flow.opts.jobId && resolve());
    });
    const startedMs = machineMs();
    await opened(flows).add(flow);
    await proven;
    const tookMs = machineMs() - startedMs;
    await events.close();
    return tookMs;
  },
  /** A flow in which every job waits for one other. Job 0 is the first to be done. */
  async addChain(length: number): Promise<void> {
    let chain: FlowJobNode = { name: 'job', data: 0, queueName: opened(queue).name };
    for (let job = 1; job < length; job++) chain = { ...chain, data: job, children: [chain] };
    await opened(flows).add(chain);
  },
  /**
   * Adds one job when the one before is known to be done, at once or after a while in which everything is idle.
   * Resolves with when each was added.
   */
  async addOneByOne({ count, idleMsMax }: { readonly count: number; readonly idleMsMax: number }): Promise<number[]> {
    const events = await eventsFromNow();
    const addedMs: number[] = [];
    for (let job = 0; job < count; job++) {
      if (idleMsMax > 0) await hold(idleMsMax);
      const done = new Promise((resolve) => events.once('completed', resolve));
      addedMs.push(machineMs());
      await opened(queue).add('job', job);
      await done;
    }
    await events.close();
    return addedMs;
  },
});

/** It begins to read only after it is ready, with what comes then, unless it is told from where: a fast job would be missed. */
async function eventsFromNow(): Promise<QueueEvents> {
  const { name } = opened(queue);
  const redis = await connectRedis({ url, name: 'bench' });
  const [latest] = await redis.xrevrange(opened(queue).toKey('events'), '+', '-', 'COUNT', 1);
  redis.disconnect();
  const events = new QueueEvents(name, { connection: { url }, lastEventId: latest?.[0] ?? '0-0' });
  await events.waitUntilReady();
  return events;
}

function opened<T>(connected: T | undefined): T {
  if (connected === undefined) throw new Error('"open" comes first');
  return connected;
}

function flowOf(shape: TreeShape): FlowJobNode {
  const tree = treeOf(shape, 'flow');
  return nodeOf(tree, tree.root);
}

function nodeOf(tree: ProofTree, job: number): FlowJobNode {
  const children = tree.childJobs(job).map((child) => nodeOf(tree, child));
  const own = { name: 'job', data: job, queueName: opened(queue).name };
  return children.length === 0 ? own : { ...own, children };
}
