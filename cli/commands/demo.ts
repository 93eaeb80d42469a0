import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { cacheFolder } from '../../common/index.js';
import { sourceOf, writeBlock } from '../../proto/index.js';
import type { CliContext } from '../context.js';
import { addExamples } from './examples.js';
import { addProveOptions, isSimulated, proveAndShow, type RawProveOptions } from './prove.js';

/** Small: one transaction of two calls, one of one. Every circuit but the private base, the merge and the single root is in it. */
export const DEMO = { txs: 2, calls: [2, 1], seed: 1 } as const;

/** `espalier demo`: makes a block, proves it, verifies the root proof. */
export function registerDemo(program: Command, context: CliContext): void {
  const command = program
    .command('demo')
    .description('make a block of two transactions and three calls, prove it, verify the root proof');
  addProveOptions(command)
    .option('--out <dir>', 'folder for block, proofs and manifest (default: espalier-demo, or espalier-demo-simulated)')
    .action((options: RawProveOptions) => run(options, context));
  addExamples(command, [
    { line: 'espalier demo', meaning: 'about three minutes on two cores; again: nothing left to prove' },
    { line: 'espalier demo --prover simulated', meaning: 'the same in seconds, proving nothing' },
  ]);
}

async function run(options: RawProveOptions, context: CliContext): Promise<void> {
  // A simulated block in the folder of the real one would be in its way.
  const folder = resolve(context.cwd, options.out ?? `espalier-demo${isSimulated(options) ? '-simulated' : ''}`);
  const { existsSync } = await import('node:fs');
  const { mkdir } = await import('node:fs/promises');
  const { readBlock } = await import('../../orchestrator/index.js');
  const { makeBlock } = await import('../run/make-block.js');
  const { ProvingTimes } = await import('../measures/index.js');
  const blockPath = join(folder, 'block.json');
  await proveAndShow(
    async (engine) => {
      // Client proofs have zero knowledge, so making the block again would make another block.
      if (existsSync(blockPath)) return sourceOf(await readBlock(blockPath, engine.hasher));
      context.aside.say('making a block of two transactions with three calls, and their client proofs');
      const block = await makeBlock(engine, {
        ...DEMO,
        threads: 1,
        signal: context.signal,
        times: new ProvingTimes(cacheFolder(context.env)),
        onProgress: () => undefined,
      });
      await mkdir(folder, { recursive: true });
      await writeBlock(blockPath, block);
      return sourceOf(block);
    },
    join(folder, 'proof'),
    options,
    context,
  );
}
