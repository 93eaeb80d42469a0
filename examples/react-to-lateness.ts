/**
 * Submits a block that must be proven within a time, and says which class of worker is short, and by how many, as soon as
 * that can be told: while machines can still be started.
 *
 *     node dist/examples/react-to-lateness.js block.json 480
 *
 * The second argument is the proving window in seconds. Exits with 0 where the block was in time, with 3 where it was
 * late or would have been, and with 1 where it was not proven.
 */
import { type BlockView, createClient, EspalierError, readBlockParts } from 'espalier/client';

const [file = 'block.json', seconds = '480'] = process.argv.slice(2);
const { ESPALIER_SERVER: server = '127.0.0.1:7420', ESPALIER_TOKEN: token } = process.env;

const client = createClient({ server, ...(token === undefined ? {} : { token }) });

/** This is where machines would be started. */
function react({ forecast, deadlineAtMs }: BlockView): void {
  const { late = null, rootAtMs = null } = forecast ?? {};
  if (late === null) {
    console.log('it will be in time');
    return;
  }
  const by =
    rootAtMs === null || deadlineAtMs === null ? '' : `, by ${((rootAtMs - deadlineAtMs) / 1000).toFixed(1)} s`;
  console.log(`LATE${by}: ${late.message}`);
  if (late.resourceClass !== null && late.missingWorkers > 0) {
    console.log(`class ${late.resourceClass} is short of ${late.missingWorkers} workers (${late.missingSlots} slots)`);
  }
}

try {
  const { blockId } = await client.submit(() => readBlockParts(file), { windowMs: Number(seconds) * 1_000 });
  let said = '';
  for await (const { event, block } of client.watch(blockId)) {
    if (block.forecast !== null) {
      const { late } = block.forecast;
      // Forecasts change all the time; what is to be done about them does not.
      const now = late === null ? 'in time' : `${late.cause} ${late.resourceClass} ${late.missingWorkers}`;
      if (now !== said) react(block);
      said = now;
    }
    if (event.kind === 'ended') {
      const { state, endedAtMs, deadlineAtMs } = block;
      const wasLate = deadlineAtMs !== null && endedAtMs !== null && endedAtMs > deadlineAtMs;
      console.log(`${state}${wasLate ? ', after its deadline' : ''}`);
      process.exitCode = state !== 'proven' ? 1 : wasLate ? 3 : 0;
    }
  }
} catch (thrown) {
  const error = EspalierError.from(thrown);
  console.error(`[${error.code}] ${error.toLine()}`);
  process.exitCode = 1;
} finally {
  client.close();
}
