import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { Client } from '../../client/index.js';
import { shortId } from '../api/render-blocks.js';
import { blockArgument } from '../completion/id-argument.js';
import type { CliContext } from '../context.js';
import { formatPlural } from '../format.js';
import { addExamples } from './examples.js';
import { API_GROUP, addServerOptions, type RawServerOptions, withClient } from './server-options.js';

interface RawProofOptions extends RawServerOptions {
  readonly out?: string;
  readonly block?: string;
  readonly everyLevel?: boolean;
  readonly json?: boolean;
}

/** `espalier proof BLOCK`. */
export function registerProof(program: Command, context: CliContext): void {
  const command = program
    .command('proof')
    .helpGroup(API_GROUP)
    .description('fetch the root proof of a proven block, verify it, and write what `espalier prove` writes')
    .addArgument(blockArgument())
    .option('--out <dir>', 'folder for root, block and manifest (default: the first 12 digits of the id, and .proof)')
    .option('--block <file>', 'the block as it was submitted (default: as the server has it)')
    .option('--every-level', 'collect the proofs of all jobs too, into DIR/proofs, from now until the block has ended')
    .option('--json', 'print one JSON object');
  addServerOptions(command).action((block: string, options: RawProofOptions) =>
    withClient(options, context, (client) => fetch(client, block, options, context)),
  );
  addExamples(command, [
    {
      line: 'espalier proof 5204d4 --out block.proof',
      meaning: 'check it anywhere with `espalier verify block.proof`',
    },
    { line: 'espalier proof 5204d4 --every-level', meaning: 'misses none if it was submitted with --keep-proofs' },
  ]);
}

async function fetch(client: Client, name: string, options: RawProofOptions, context: CliContext): Promise<void> {
  const { cwd, signal, stdout, aside } = context;
  const { fetchProof } = await import('../api/fetch-proof.js');
  const { summaryText } = await import('../run/summary.js');
  const found = await client.block(name, { signal });
  const folder = resolve(cwd, options.out ?? `${shortId(found.blockId)}.proof`);
  const collected = options.everyLevel ? await collect(client, found.blockId, folder, context) : null;
  const block = collected?.block ?? found;
  const blockFile = options.block === undefined ? undefined : resolve(cwd, options.block);
  const manifest = await fetchProof(client, { block, folder, blockFile }, context);
  if (options.json) {
    const { root, keysHash, srs } = manifest;
    const counts = collected === null ? {} : { proofs: collected.proofs, replaced: collected.replaced };
    stdout.write(`${JSON.stringify({ folder, block: manifest.block, root, keysHash, srs, ...counts })}\n`);
    return;
  }
  stdout.write(`${summaryText(manifest, folder, cwd)}\n`);
  if (collected === null) return;
  const { proofs, replaced } = collected;
  stdout.write(`${formatPlural(proofs, 'proof')} collected in proofs/\n`);
  if (replaced > 0) {
    aside.say(
      `${formatPlural(replaced, 'proof')} were replaced by their parents' before they could be read; submit with --keep-proofs to miss none`,
    );
  }
}

/** Rejects with what the block failed with, unless it is proven in the end. */
async function collect(client: Client, blockId: string, folder: string, { signal }: CliContext) {
  const { collectProofs } = await import('../api/collect-proofs.js');
  const { requireProven } = await import('../api/follow-block.js');
  const collected = await collectProofs(client, blockId, join(folder, 'proofs'), signal);
  requireProven(collected.block);
  return collected;
}
