/**
 * An orchestrator's process that takes up the one block of a cluster, until its first jobs are in the queue:
 * `node restart-once.js REDIS_URL STORE_FOLDER`. Prints a `Restart`.
 */
import { Orchestrator } from '../../orchestrator/index.js';
import { BUILT_IN_PROFILES } from '../../proto/index.js';
import { BullmqJobQueue, type JobProducer, RedisBlockBoard, RedisFleet, RedisHeart } from '../../queue/index.js';
import { BlockStore, FileBlobStore, ProofStore } from '../../store/index.js';
import { simulatedTools } from '../executing/simulated-tools.js';

/** Milliseconds since the process was started. */
export interface Restart {
  /** Its code and keys are loaded, and it has begun to claim blocks. */
  readonly startedMs: number;
  /** It has claimed the block, read its execution and what was noted of its jobs, and planned it. */
  readonly readMs: number;
  readonly foundMs: number;
  /** The first jobs are in the queue. */
  readonly queuedMs: number;
  /** Of the block. */
  readonly jobs: number;
  readonly alreadyProven: number;
  readonly peakMiB: number;
  /** Processor time of all threads until then: of that others on the machine take little away. */
  readonly cpuMs: number;
}

const [url = '', folder = ''] = process.argv.slice(2);
const onTrouble = (message: string) => console.error(message);
const tools = await simulatedTools();
const blobs = await FileBlobStore.open(folder);
const heart = await RedisHeart.start({ url, onTrouble });
const board = await RedisBlockBoard.open({ url, onTrouble });
const fleet = await RedisFleet.open({ url, onTrouble });
const queue = await BullmqJobQueue.open({ url, heart, producerId: 'later.1', onTrouble });
const owner = await board.owner('later.1', heart, tools.prover.identity.srs);

const times = { startedMs: Number.NaN, readMs: Number.NaN, foundMs: Number.NaN };

/** Looked through when the block is planned. */
class NotingProofs extends ProofStore {
  override listProofs(): AsyncIterable<string> {
    times.readMs = performance.now();
    return super.listProofs();
  }
}

let counts = { jobs: 0, alreadyProven: 0 };
const restart = await new Promise<Restart>((resolve, reject) => {
  const orchestrator = new Orchestrator({
    ...{ owner, board, fleet, tools, profile: BUILT_IN_PROFILES.laptop },
    queue: noting(queue.producer, () => {
      const queuedMs = performance.now();
      const { user, system } = process.cpuUsage();
      const used = { peakMiB: process.resourceUsage().maxRSS / 1024, cpuMs: (user + system) / 1e3 };
      void orchestrator.stop().then(() => resolve({ ...times, queuedMs, ...counts, ...used }));
    }),
    blocks: new BlockStore(blobs),
    proofs: new NotingProofs(blobs),
    onEvent: (_, event) => {
      if (event.kind === 'phase' && event.phase === 'executing') reject(new Error('the block was executed again'));
      if (event.kind === 'block-failed') reject(new Error(`the block failed: ${event.error.message}`));
      if (event.kind !== 'planned') return;
      times.foundMs = performance.now();
      counts = { jobs: event.jobs, alreadyProven: event.alreadyProven };
    },
    onFault: (error) => onTrouble(error.toLine()),
  });
  queue.startWatch();
  times.startedMs = performance.now();
  orchestrator.start();
});
process.stdout.write(JSON.stringify(restart));
await queue.close();
await fleet.close();
await board.close();
await heart.close();

/** The queue, which tells once that jobs were added. */
function noting(producer: JobProducer, onAdded: () => void): JobProducer {
  let isTold = false;
  return {
    add: async (jobs) => {
      await producer.add(jobs);
      if (isTold) return;
      isTold = true;
      onAdded();
    },
    remove: (ids) => producer.remove(ids),
    detach: (ids) => producer.detach(ids),
    removeBlock: (blockId) => producer.removeBlock(blockId),
    present: (ids) => producer.present(ids),
    onReport: (listener) => producer.onReport(listener),
  };
}
