import { expect, test } from 'vitest';
import { blockId, wire } from '../../proto/index.js';
import { workerInfo } from '../support/board-samples.js';
import { simulatedBlock, simulatedEngine } from '../support/simulated-block.js';
import { openApi } from './api-bench.js';
import { bytesClient, type Ended, rawClient, sendBytes, streamEnd, unaryEnd } from './raw-calls.js';

const block = await simulatedBlock(await simulatedEngine(), [1, 0], 3);
const id = blockId(block);

type Raw = ReturnType<typeof rawClient>;
const listed = (request: Partial<wire.ListBlocksRequest>) => (raw: Raw) =>
  unaryEnd<wire.ListBlocksResponse>((done) =>
    raw.blocks.listBlocks({ pageSize: 0, pageToken: '', states: [], ...request }, done),
  );
const got = (blockId: string) => (raw: Raw) =>
  unaryEnd<wire.GetBlockResponse>((done) => raw.blocks.getBlock({ blockId }, done));

const header = (options: wire.BlockHeader['options']): wire.BlockHeader => ({ version: 1, blockId: '', options });
const replacedStep: wire.ReplaceBlockRequest = { step: { $case: 'replacedBlockId', value: id } };

/** What is wrong, the call, and what is said. */
const REQUESTS: readonly (readonly [string, (raw: Raw, address: string) => Promise<Ended>, RegExp])[] = [
  ['a page too large', listed({ pageSize: 1_001 }), /^page_size is 1001$/],
  ['no token of a page', listed({ pageToken: 'zz' }), /^page_token is none/],
  ['no state', listed({ states: [99 as wire.BlockState] }), /^99 is no state/],
  ['no block', got('zz'), /^a block is named by its id .* got "zz"$/],
  [
    'no job and no block',
    (raw) => unaryEnd<wire.GetProofResponse>((done) => raw.blocks.getProof({ which: undefined }, done)),
    /^neither a job nor a block is named$/,
  ],
  ['no cursor', (raw) => streamEnd(raw.blocks.watchBlock({ blockId: id, cursor: 'zz' })), /^"zz" is no cursor$/],
  [
    'a window too long',
    (_, address) => submitted(address, { $case: 'header', value: header({ windowMs: 1e12, keepProofs: false }) }),
    /window_ms, is 1000000000000$/,
  ],
  [
    'a header with no id',
    (_, address) => submitted(address, { $case: 'header', value: { ...header(undefined), blockId: 'abc' } }),
    /block_id of the header is "abc"$/,
  ],
  ['a replacement of nothing', (_, address) => replaced(address, []), /begins with replaced_block_id/],
  [
    'a replacement of two blocks',
    (_, address) => replaced(address, [replacedStep, replacedStep]),
    /^replaced_block_id comes again$/,
  ],
];

function submitted(address: string, part: wire.BlockPart['part']): Promise<Ended> {
  const bytes = wire.SubmitBlockRequest.encode({ part: { part } }).finish();
  return sendBytes(bytesClient(address), wire.BlockServiceService.submitBlock, [Buffer.from(bytes)]);
}

function replaced(address: string, steps: readonly wire.ReplaceBlockRequest[]): Promise<Ended> {
  const messages = steps.map((step) => Buffer.from(wire.ReplaceBlockRequest.encode(step).finish()));
  return sendBytes(bytesClient(address), wire.BlockServiceService.replaceBlock, messages);
}

test.each(REQUESTS)('%s is told as a malformed request, with what to do', async (_, send, details) => {
  const { client, server } = await openApi();
  await client.submit(block);
  expect(await send(rawClient(server.address), server.address)).toMatchObject({
    status: 'INVALID_ARGUMENT',
    details: expect.stringMatching(details),
    reason: 'request-malformed',
    remedy: expect.stringMatching(/./),
  });
});

test('so is the name of a machine with several workers', async () => {
  const { client, fleet } = await openApi();
  for (const workerId of ['node-a.1', 'node-a.2']) fleet.join(workerInfo(workerId));
  await expect(client.drain('node-a')).rejects.toMatchObject({
    code: 'request-malformed',
    message: 'node-a may be any of 2 workers: node-a.1, node-a.2',
    remedy: 'name one of them',
  });
});

test.each(['failed', 'cancelled'] as const)(
  'the root proof of a %s block is made by submitting it again',
  async (state) => {
    const { backend, client } = await openApi();
    await client.submit(block);
    await expect(client.root(id)).rejects.toMatchObject({
      code: 'proof-unknown',
      remedy: `\`espalier watch ${id.slice(0, 12)}\` follows it`,
    });
    const { submittedAtMs } = await client.block(id);
    const ended = {
      ...{ blockId: id, state, transactions: 2, calls: 1, jobs: 5, submittedAtMs, endedAtMs: submittedAtMs + 5 },
      ...{ token: 1, rootId: null, error: null, failedJob: null, lineageSeed: null },
    };
    await backend.blocks.putResult(ended, []);
    await expect(client.root(id)).rejects.toMatchObject({
      code: 'proof-unknown',
      message: `block ${id} has no root proof: it is ${state}`,
      remedy: 'submit it again to go on from its finished proofs',
    });
  },
);
