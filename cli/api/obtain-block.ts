import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Hasher } from '../../circuits/index.js';
import type { Client } from '../../client/index.js';
import { EspalierError } from '../../common/index.js';
import { type OpenedBlock, openBlockFile } from '../../orchestrator/index.js';
import { type BlockId, writeBlockParts } from '../../proto/index.js';
import { shortId } from './render-blocks.js';

/**
 * A block as it was submitted, from the file that the user names, else from the server, by way of a file of this machine:
 * never held whole. Rejects with `usage` where the file is another block, with `block-invalid` where the server's is.
 */
export async function obtainBlock(
  client: Pick<Client, 'download'>,
  blockId: BlockId,
  blockFile: string | undefined,
  hasher: Hasher,
  signal: AbortSignal,
): Promise<Pick<OpenedBlock, 'source' | 'close'>> {
  if (blockFile !== undefined) {
    const opened = await openBlockFile(blockFile, hasher);
    if (opened.source.id === blockId) return opened;
    await opened.close();
    throw new EspalierError('usage', `${blockFile} is block ${shortId(opened.source.id)}, not ${shortId(blockId)}`, {
      remedy: 'name the file that was submitted',
    });
  }
  const folder = await mkdtemp(join(tmpdir(), 'espalier-block-'));
  const clean = () => rm(folder, { recursive: true, force: true });
  try {
    const file = join(folder, 'block.jsonl');
    await writeBlockParts(file, client.download(blockId, { signal }));
    const opened = await openBlockFile(file, hasher);
    if (opened.source.id !== blockId) {
      await opened.close();
      throw new EspalierError('block-invalid', `the server sent block ${opened.source.id} as ${blockId}`, {
        remedy: 'name the file that was submitted, which the root proof is checked against: --block FILE',
      });
    }
    const close = () => opened.close().finally(clean);
    return { source: opened.source, close };
  } catch (thrown) {
    await clean();
    throw thrown;
  }
}
