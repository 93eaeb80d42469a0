/**
 * Submits a block and follows it until it has ended.
 *
 *     node dist/examples/submit-and-follow.js block.json
 *
 * Exits with 0 when it is proven, else with 1.
 */
import { createClient, EspalierError, readBlockParts } from 'espalier/client';

const [file = 'block.json'] = process.argv.slice(2);
const { ESPALIER_SERVER: server = '127.0.0.1:7420', ESPALIER_TOKEN: token } = process.env;

const client = createClient({
  server,
  ...(token === undefined ? {} : { token }),
  onTrouble: ({ error, retryInMs }) => console.error(`${error.message}: again in ${Math.round(retryInMs)} ms`),
});

try {
  // A function: the file is read again if the connection breaks in the middle of it. It is never held whole.
  const { blockId, outcome } = await client.submit(() => readBlockParts(file), { windowMs: 8 * 60_000 });
  console.log(`block ${blockId} is ${outcome}`);

  // Goes on by itself over broken connections and restarted servers, without a gap or a repeat.
  for await (const { event, block } of client.watch(blockId)) {
    if (event.kind === 'job-proven')
      console.log(`${block.done} of ${block.jobs}: ${event.circuit} by ${event.workerId}`);
    if (event.kind === 'job-retried') console.log(`${event.jobId} is tried again: ${event.error.message}`);
    if (event.kind === 'ended') {
      console.log(`${block.state}${block.error === null ? '' : `: ${block.error.message}`}`);
      process.exitCode = block.state === 'proven' ? 0 : 1;
    }
  }

  if (process.exitCode === 0) {
    const root = await client.root(blockId);
    console.log(`root proof of ${root.proof.length} bytes, made by ${root.workerId} with ${root.prover.kind}`);
  }
} catch (thrown) {
  const error = EspalierError.from(thrown);
  console.error(`[${error.code}] ${error.toLine()}`);
  process.exitCode = 1;
} finally {
  client.close();
}
