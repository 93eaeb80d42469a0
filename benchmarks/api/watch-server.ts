/** The API over memory, of one block of which nothing is true but what this program is asked to tell. */
import { setTimeout as delay, setImmediate } from 'node:timers/promises';
import { createHasher } from '../../circuits/index.js';
import { systemClock } from '../../common/index.js';
import { startApi } from '../../orchestrator/index.js';
import type { BlockEvent } from '../../proto/index.js';
import { type BlockClaim, type BlockOwner, MemoryBlockBoard, MemoryFleet } from '../../queue/index.js';
import { BlockStore, MemoryBlobStore, ProofStore } from '../../store/index.js';
import { machineMs } from '../queue/clock.js';
import { serveCalls } from '../queue/serve-calls.js';

export interface WatchServerAddress {
  readonly address: string;
  readonly blockId: string;
}

const BLOCK_ID = 'be'.repeat(32);
const NO_JOBS = { waiting: 0, leased: 0 };

let owned: { readonly owner: BlockOwner; readonly claim: BlockClaim } | undefined;
let told = 0;

serveCalls({
  memoryBytes: () => process.memoryUsage().rss,
  async open(): Promise<WatchServerAddress> {
    const board = await MemoryBlockBoard.open({ records: new MemoryBlobStore() });
    const blobs = new MemoryBlobStore();
    const { address } = await startApi(
      {
        board,
        events: board.events,
        fleet: new MemoryFleet(),
        blocks: new BlockStore(blobs),
        proofs: new ProofStore(blobs),
        jobCounts: async () => ({ vm: NO_JOBS, rollup: NO_JOBS, gpu: NO_JOBS }),
        hasher: await createHasher(),
        clock: systemClock,
        place: 'in this benchmark',
      },
      { host: '127.0.0.1', port: 0, limits: { requestsBurst: 100_000, requestsPerSecond: 100_000 } },
    );
    await board.submit({ blockId: BLOCK_ID, family: 'f', transactions: 1, calls: 0, submittedAtMs: Date.now() });
    const owner = board.owner('bench.1');
    const [claim] = await owner.claim(1);
    if (claim === undefined) throw new Error('the block cannot be claimed');
    owned = { owner, claim };
    return { address, blockId: BLOCK_ID };
  },
  /** One event every `everyMs`. */
  async tellPaced({ events, everyMs }: { readonly events: number; readonly everyMs: number }): Promise<void> {
    for (let n = 0; n < events; n++) {
      await tell(1);
      await delay(everyMs);
    }
  },
  /** Chunks of `chunk` events, as fast as this process can, others having their turn in between. */
  async tellAll({ events, chunk }: { readonly events: number; readonly chunk: number }): Promise<void> {
    for (let n = 0; n < events; n += chunk) {
      await tell(chunk);
      await setImmediate();
    }
  },
});

async function tell(count: number): Promise<void> {
  if (owned === undefined) throw new Error('not open');
  const { owner, claim } = owned;
  const events = Array.from({ length: count }, (_, index): BlockEvent => {
    const jobId = `base-rollup-private.${told + index}.${'ab'.repeat(16)}`;
    // The worker's name is the time: what watches takes the delay from it.
    const workerId = String(machineMs());
    return {
      atMs: Date.now(),
      kind: 'job-started',
      jobId,
      circuit: 'base-rollup-private',
      level: 0,
      workerId,
      attempt: 1,
    };
  });
  await owner.publish(claim, { epoch: claim.token, first: told + 1, events });
  told += count;
}
