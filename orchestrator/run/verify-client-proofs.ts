import { clientPublic } from '../../circuits/index.js';
import { EspalierError } from '../../common/index.js';
import { type BlockSource, type Transaction, toHex } from '../../proto/index.js';
import type { PrepareTools } from './prepare-block.js';

/** Verifications under way at once: each takes 10 to 40 ms of one core. */
const CONCURRENCY = 4;

/**
 * Verifies every client proof of a block. Rejects with `client-proof-invalid` naming the first transaction, in block
 * order, whose proof does not verify or was made with another SRS than the prover's.
 */
export async function verifyClientProofs(
  source: Pick<BlockSource, 'outline' | 'parts'>,
  tools: PrepareTools,
  options: { readonly signal?: AbortSignal; readonly onProgress?: (done: number, total: number) => void },
): Promise<void> {
  const total = source.outline.transactionIds.length;
  let done = 0;
  for await (const part of source.parts()) {
    const transactions = part.kind === 'transactions' ? part.transactions : [];
    for (let first = 0; first < transactions.length; first += CONCURRENCY) {
      options.signal?.throwIfAborted();
      const batch = transactions.slice(first, first + CONCURRENCY);
      const before = done;
      const faults = await Promise.all(batch.map((one, offset) => findFault(before + offset, one, tools)));
      const fault = faults.find((found) => found !== undefined);
      if (fault !== undefined) throw fault;
      done += batch.length;
      options.onProgress?.(done, total);
    }
  }
}

async function findFault(
  index: number,
  transaction: Transaction,
  { hasher, circuits, keys, prover }: PrepareTools,
): Promise<EspalierError | undefined> {
  const { proof, srs } = transaction.clientProof;
  if (srs !== prover.identity.srs) {
    return new EspalierError(
      'client-proof-invalid',
      `tx ${index}: the client proof was made with ${srsText(srs)}, and this run proves with ${srsText(prover.identity.srs)}`,
      { remedy: 'prove with the SRS that the block was made with (--srs), or make the block again' },
    );
  }
  const { nullifier, sender, callsHash } = clientPublic(hasher, transaction);
  const publicInputs = [nullifier, sender, callsHash].map(toHex);
  const circuit = circuits.circuit('client');
  if (await prover.verify({ circuit, key: keys.key('client'), proof: { proof, publicInputs } })) return undefined;
  return new EspalierError(
    'client-proof-invalid',
    `tx ${index}: the client proof does not verify for sender ${toHex(sender)}, nullifier ${toHex(nullifier)} and ${transaction.calls.length} calls`,
    { remedy: 'leave the transaction out, or ask its sender for a proof of exactly these calls' },
  );
}

function srsText(srs: 'canonical' | 'development' | 'none'): string {
  return srs === 'none' ? 'no SRS (simulated)' : `the ${srs} SRS`;
}
