/**
 * Collects every proof of a block, from the VM up to the root, as they rise.
 *
 *     node dist/examples/collect-proofs.js block.json proofs
 *
 * Exits with 0 when it has them all, else with 1.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createClient, EspalierError, readBlockParts, verifySignature } from 'espalier/client';

const [file = 'block.json', folder = 'proofs'] = process.argv.slice(2);
const { ESPALIER_SERVER: server = '127.0.0.1:7420', ESPALIER_TOKEN: token } = process.env;

const client = createClient({ server, ...(token === undefined ? {} : { token }) });

try {
  await mkdir(folder, { recursive: true });
  // Without `keepProofs` a child's proof is deleted when its parent's is there: whoever reads slowly would miss it.
  const { blockId } = await client.submit(() => readBlockParts(file), { keepProofs: true });

  let collected = 0;
  let missed = 0;
  // Nothing is read ahead: as long as a file is being written, the server waits.
  for await (const item of client.proofs(blockId, { everyLevel: true })) {
    if (item.kind === 'ended') {
      console.log(`${item.block.state}: ${collected} proofs, ${missed} missed, ${item.block.jobs} jobs`);
      process.exitCode = collected === item.block.jobs ? 0 : 1;
    } else if (item.kind === 'replaced') {
      missed += 1;
    } else {
      const { jobId, circuit, proof, workerId } = item.proof;
      await writeFile(join(folder, `${jobId}.proof`), proof);
      collected += 1;
      const signed = verifySignature(item.proof) ? `signed by ${workerId}` : 'NOT SIGNED by its maker';
      console.log(`${circuit} ${jobId}: ${proof.length} bytes, ${signed}`);
    }
  }
} catch (thrown) {
  const error = EspalierError.from(thrown);
  console.error(`[${error.code}] ${error.toLine()}`);
  process.exitCode = 1;
} finally {
  client.close();
}
