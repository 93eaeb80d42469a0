import {
  type BlockPart,
  type BlockView,
  blockFromWire,
  blockPartFromWire,
  blockStateToWire,
  capacityFromWire,
  type ProofRecord,
  type ProofSummary,
  proofFromWire,
  summaryFromWire,
  type WorkerInfo,
  type wire,
  workerFromWire,
} from '../proto/index.js';
import { callUnary } from './call-unary.js';
import type { CallOptions, Client, ListBlocksOptions } from './client.js';
import type { ClientOptions } from './client-options.js';
import { Connection } from './connection.js';
import { present } from './present.js';
import { readStream } from './read-stream.js';
import { streamProofs } from './stream-proofs.js';
import { replaceBlock, submitBlock } from './submit-block.js';
import { watchBlock } from './watch-block.js';

/**
 * A client of the API. It connects with the first call; `close` it in the end. Throws `usage` where the options cannot
 * be followed.
 *
 * @example
 * const client = createClient({ server: 'prover.example:7420', tls: { ca: readFileSync('ca.pem') }, token });
 * const { blockId } = await client.submit(block);
 * for await (const { block } of client.watch(blockId)) console.log(`${block.done} of ${block.jobs}`);
 * client.close();
 */
export function createClient(options: ClientOptions): Client {
  const connection = new Connection(options);
  const { blocks, fleet } = connection;
  const ask = <Q, A>(method: Parameters<typeof callUnary<Q, A>>[1], request: Q, { signal }: CallOptions) =>
    callUnary(connection, method, request, { signal, isRepeatable: true });
  return {
    submit: (block, submitOptions = {}) => submitBlock(connection, block, submitOptions),
    replace: (replaced, block, submitOptions = {}) => replaceBlock(connection, replaced, block, submitOptions),
    block: async (blockId, call = {}) => {
      const { block } = await ask(blocks.getBlock.bind(blocks), { blockId }, call);
      return blockFromWire(present(block));
    },
    blocks: (list = {}) => listBlocks(connection, list),
    watch: (blockId, watch = {}) => watchBlock(connection, blockId, watch),
    proofs: (blockId, proofs = {}) => streamProofs(connection, blockId, proofs),
    proof: (jobId, call = {}) => getProof(connection, { $case: 'jobId', value: jobId }, call),
    root: (blockId, call = {}) => getProof(connection, { $case: 'rootOfBlockId', value: blockId }, call),
    download: (blockId, call = {}) => download(connection, blockId, call),
    credits: (blockId, call = {}) => credits(connection, blockId, call),
    cancel: (blockId, call = {}) => ask(blocks.cancelBlock.bind(blocks), { blockId }, call),
    forget: (blockId, { signal } = {}) =>
      // A second one would be refused, since nothing is left to forget.
      callUnary(connection, blocks.forgetBlock.bind(blocks), { blockId }, { signal, isRepeatable: false }),
    workers: (call = {}) => listWorkers(connection, call),
    drain: (workerId, { reason = '', ...call } = {}) => ask(fleet.drainWorker.bind(fleet), { workerId, reason }, call),
    capacity: async (call = {}) => capacityFromWire(await ask(fleet.getCapacity.bind(fleet), {}, call)),
    close: () => connection.close(),
  };
}

const BLOCKS_PAGE = 100;

async function* listBlocks(
  connection: Connection,
  { states = [], pageSize = BLOCKS_PAGE, signal }: ListBlocksOptions,
): AsyncGenerator<BlockView, void> {
  const { blocks } = connection;
  let pageToken = '';
  do {
    const request = { pageSize, pageToken, states: states.map(blockStateToWire) };
    const page: wire.ListBlocksResponse = await callUnary(connection, blocks.listBlocks.bind(blocks), request, {
      signal,
      isRepeatable: true,
    });
    yield* page.blocks.map(blockFromWire);
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
}

async function listWorkers(connection: Connection, { signal }: CallOptions): Promise<readonly WorkerInfo[]> {
  const { fleet } = connection;
  const workers: WorkerInfo[] = [];
  let pageToken = '';
  do {
    const request = { pageSize: 0, pageToken };
    const page: wire.ListWorkersResponse = await callUnary(connection, fleet.listWorkers.bind(fleet), request, {
      signal,
      isRepeatable: true,
    });
    workers.push(...page.workers.map(workerFromWire));
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return workers;
}

async function getProof(
  connection: Connection,
  which: NonNullable<wire.GetProofRequest['which']>,
  { signal }: CallOptions,
): Promise<ProofRecord> {
  const { blocks } = connection;
  const method = blocks.getProof.bind(blocks);
  const { proof } = await callUnary(connection, method, { which }, { signal, isRepeatable: true });
  return proofFromWire(present(proof));
}

async function* download(
  connection: Connection,
  blockId: string,
  { signal }: CallOptions,
): AsyncGenerator<BlockPart, void> {
  const open = () => connection.blocks.downloadBlock({ blockId }, connection.metadata());
  for await (const { part } of readStream(connection, { open, isOver: () => true, isResumable: false, signal })) {
    yield blockPartFromWire(present(part));
  }
}

async function* credits(
  connection: Connection,
  blockId: string,
  { signal }: CallOptions,
): AsyncGenerator<ProofSummary, void> {
  const open = () => connection.blocks.listCredits({ blockId }, connection.metadata());
  for await (const { summaries } of readStream(connection, { open, isOver: () => true, isResumable: false, signal })) {
    yield* summaries.map(summaryFromWire);
  }
}
