/** Many who watch one block, and note how long events took to reach them. */
import { ChannelCredentials } from '@grpc/grpc-js';
import { wire } from '../../proto/index.js';
import { machineMs } from '../queue/clock.js';
import { serveCalls } from '../queue/serve-calls.js';
import type { WatchServerAddress } from './watch-server.js';

export interface WatchersOptions extends WatchServerAddress {
  readonly watchers: number;
  readonly connections: number;
}

let delaysMs: number[] = [];
/** Whether each delay is noted: of as many as come in a flood, only their number is. */
let isNoting = true;
let count = 0;
let lastMs = 0;
let onMore = () => {};

serveCalls({
  /** Resolves when every watcher has its snapshot. */
  async open({ address, blockId, watchers, connections }: WatchersOptions): Promise<void> {
    const options = { 'grpc.use_local_subchannel_pool': 1 };
    const clients = Array.from(
      { length: connections },
      () => new wire.BlockServiceClient(address, ChannelCredentials.createInsecure(), options),
    );
    const begun = Array.from({ length: watchers }, (_, n) => watch(clients[n % connections], blockId));
    await Promise.all(begun);
  },
  /** Resolves with the milliseconds of each event at each watcher when `events` have come in all. From then on they are counted. */
  async delaysMs(events: number): Promise<readonly number[]> {
    await come(events);
    isNoting = false;
    const noted = delaysMs;
    delaysMs = [];
    return noted;
  },
  /** Resolves with when the last came (`machineMs`), when `events` have come in all since the delays were told. */
  async lastMs(events: number): Promise<number> {
    await come(events);
    return lastMs;
  },
});

/** Resolves when `events` have come in all, and begins to count anew. */
async function come(events: number): Promise<void> {
  while (count < events) {
    await new Promise<void>((resolve) => {
      onMore = resolve;
    });
  }
  count = 0;
}

async function watch(client: wire.BlockServiceClient | undefined, blockId: string): Promise<void> {
  if (client === undefined) throw new Error('no connection');
  const stream = client.watchBlock({ blockId, cursor: '' });
  await new Promise<void>((resolve, reject) => {
    stream.once('data', () => resolve());
    stream.once('error', reject);
  });
  stream.on('data', ({ events }: wire.WatchBlockResponse) => {
    lastMs = machineMs();
    for (const { event } of events) {
      if (event?.$case !== 'jobStarted') continue;
      count += 1;
      if (isNoting) delaysMs.push(lastMs - Number(event.value.workerId));
    }
    onMore();
  });
}
