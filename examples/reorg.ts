/**
 * A reorg: submits a block, and then puts another one in its place. Proofs of the transactions that both begin with are
 * kept; all else that was being proven of the first is stopped within a second.
 *
 *     node dist/examples/reorg.js block.json other.json
 *
 * Exits with 0 when the second one is proven, else with 1.
 */
import { createClient, EspalierError, readBlockParts } from 'espalier/client';

const [first = 'block.json', second = 'other.json'] = process.argv.slice(2);
const { ESPALIER_SERVER: server = '127.0.0.1:7420', ESPALIER_TOKEN: token } = process.env;

const client = createClient({ server, ...(token === undefined ? {} : { token }) });

/** How a block ended. */
async function ended(blockId: string): Promise<string> {
  for await (const { event, block } of client.watch(blockId)) if (event.kind === 'ended') return block.state;
  throw new Error(`the events of ${blockId} ended before the block did`);
}

try {
  const { blockId: old } = await client.submit(() => readBlockParts(first));
  console.log(`block ${old} is submitted`);
  const { blockId, wasOpen } = await client.replace(old, () => readBlockParts(second));
  console.log(`block ${blockId} takes its place; the old one ${wasOpen ? 'is cancelled' : 'had ended already'}`);
  const [oldState, newState] = await Promise.all([ended(old), ended(blockId)]);
  console.log(`${old.slice(0, 12)} ${oldState}, ${blockId.slice(0, 12)} ${newState}`);
  process.exitCode = newState === 'proven' ? 0 : 1;
} catch (thrown) {
  const error = EspalierError.from(thrown);
  console.error(`[${error.code}] ${error.toLine()}`);
  process.exitCode = 1;
} finally {
  client.close();
}
