import { onTestFinished } from 'vitest';
import { createHasher } from '../../circuits/index.js';
import { createClient } from '../../client/index.js';
import { systemClock } from '../../common/index.js';
import { type ApiBackend, type ApiOptions, type RefusedCall, startApi } from '../../orchestrator/index.js';
import { MemoryBlockBoard, MemoryFleet } from '../../queue/index.js';
import { BlockStore, MemoryBlobStore, ProofStore } from '../../store/index.js';

/** The API over memory, with nobody who drives its blocks: the test is their owner. */
export async function openApi(options: Partial<ApiOptions> = {}) {
  const blobs = new MemoryBlobStore();
  const board = await MemoryBlockBoard.open({ records: new MemoryBlobStore() });
  const fleet = new MemoryFleet();
  const none = { waiting: 0, leased: 0 };
  const backend: ApiBackend = {
    board,
    fleet,
    events: board.events,
    blocks: new BlockStore(blobs),
    proofs: new ProofStore(blobs),
    jobCounts: async () => ({ vm: none, rollup: none, gpu: none }),
    hasher: await createHasher(),
    clock: systemClock,
    place: 'in this test',
  };
  const refused: RefusedCall[] = [];
  const server = await startApi(backend, {
    host: '127.0.0.1',
    port: 0,
    onRefused: (call) => refused.push(call),
    ...options,
  });
  onTestFinished(() => server.stop());
  const connect = (more: Partial<Parameters<typeof createClient>[0]> = {}) => {
    const client = createClient({ server: server.address, ...more });
    onTestFinished(() => client.close());
    return client;
  };
  let client: ReturnType<typeof connect> | undefined;
  return {
    ...{ backend, board, fleet, server, refused, connect },
    /** Of Espalier, the same each time. */
    get client() {
      client ??= connect();
      return client;
    },
  };
}
