/** Many who watch one block, and note how long each event took to reach them. */
import { ChannelCredentials } from '@grpc/grpc-js';
import { wire } from '../../proto/index.js';
import { machineMs } from '../queue/clock.js';
import { serveCalls } from '../queue/serve-calls.js';
import type { WatchServerAddress } from './watch-server.js';

export interface WatchersOptions extends WatchServerAddress {
  readonly watchers: number;
  readonly connections: number;
}

export interface Watched {
  /** Milliseconds of each event at each watcher. */
  readonly delaysMs: readonly number[];
  /** When the last came: `machineMs`. */
  readonly lastMs: number;
}

let delaysMs: number[] = [];
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
  /** Resolves when `events` have come in all, and begins to count anew. */
  async collect(events: number): Promise<Watched> {
    while (delaysMs.length < events) {
      await new Promise<void>((resolve) => {
        onMore = resolve;
      });
    }
    const watched = { delaysMs, lastMs };
    delaysMs = [];
    return watched;
  },
});

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
      if (event?.$case === 'jobStarted') delaysMs.push(lastMs - Number(event.value.workerId));
    }
    onMore();
  });
}
