import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { cacheFolder, EspalierError } from '../../common/index.js';
import { LIMITS, TEXT_TRANSACTIONS_MAX, writeBlock, writeBlockParts } from '../../proto/index.js';
import type { CliContext } from '../context.js';
import { formatPlural } from '../format.js';
import { addEngineOptions, parseCount, parseEngineOptions, type RawEngineOptions } from './engine-options.js';
import { addExamples } from './examples.js';

interface RawBlockOptions extends RawEngineOptions {
  readonly txs: number;
  readonly calls: readonly number[];
  readonly seed: number;
  readonly output: string;
}

/** `espalier block new`: a block with real content and real client proofs. */
export function registerBlock(program: Command, context: CliContext): void {
  const block = program.command('block').description('make blocks to prove');
  const command = block
    .command('new')
    .description('make a block: accounts, contracts, transactions, and a client proof for each')
    .option('--txs <count>', 'transactions', parseCount('--txs', 1, LIMITS.transactionsMax), 2)
    .addOption(
      new Option('--calls <list>', 'public calls of each transaction: one number, or a list taken in turn')
        .argParser(parseCalls)
        .default([1, 2], '1,2'),
    )
    .option(
      '--seed <number>',
      'the same seed makes the same content',
      parseCount('--seed', 0, Number.MAX_SAFE_INTEGER),
      1,
    )
    .option(
      '-o, --output <file>',
      `where to write it: one JSON text, or one JSON value a line where it is named .jsonl or has more than ${TEXT_TRANSACTIONS_MAX} transactions`,
      'block.json',
    );
  addEngineOptions(command).action((options: RawBlockOptions) => run(options, context));
  addExamples(command, [
    { line: 'espalier block new -o block.json', meaning: 'two transactions, three calls in all' },
    { line: 'espalier block new --txs 4 --calls 1 --seed 7', meaning: 'four transactions of one call each' },
    { line: 'espalier block new --txs 3 --calls 0,2,1', meaning: 'mixed: private ones have no calls' },
    { line: 'espalier block new --txs 1000 --prover simulated', meaning: 'for trying the scheduling: no real proofs' },
    { line: 'espalier block new --txs 61440 --prover simulated -o block.jsonl', meaning: 'of any size, line by line' },
  ]);
}

async function run(options: RawBlockOptions, context: CliContext): Promise<void> {
  const { openEngine } = await import('../run/engine.js');
  const { makeBlock, makeBlockParts } = await import('../run/make-block.js');
  const { ProvingTimes } = await import('../measures/index.js');
  const { probeMachine } = await import('../../native/index.js');
  const say = (line: string) => context.aside.say(line);
  // Nobody learns anything from waiting for a client proof that proves nothing.
  const simulation = options.prover === 'simulated' ? { simulateMs: 0 } : {};
  const engine = await openEngine(
    parseEngineOptions({ ...options, ...simulation }, context, {
      onWarning: (message) => say(`warning: ${message}`),
      onWait: say,
    }),
  );
  try {
    const path = resolve(context.cwd, options.output);
    const asLines = path.endsWith('.jsonl') || options.txs > TEXT_TRANSACTIONS_MAX;
    if (asLines && !path.endsWith('.jsonl')) {
      say(
        `${options.output} gets a JSON value a line: more than ${TEXT_TRANSACTIONS_MAX} transactions are no one text`,
      );
    }
    const step = Math.max(100, Math.ceil(options.txs / 5_000) * 100);
    const making = {
      txs: options.txs,
      calls: options.calls,
      seed: options.seed,
      threads: (await probeMachine()).cores,
      signal: context.signal,
      times: new ProvingTimes(cacheFolder(context.env)),
      onProgress: (done: number, total: number) => {
        if (done % step === 0 && done < total) say(`client proofs: ${done} of ${total}`);
      },
    };
    if (asLines) await writeBlockParts(path, makeBlockParts(engine, making));
    else await writeBlock(path, await makeBlock(engine, making));
    const counts = Array.from({ length: options.txs }, (_, tx) => options.calls[tx % options.calls.length] ?? 0);
    const calls = counts.reduce((sum, count) => sum + count, 0);
    const content = `${formatPlural(options.txs, 'transaction')}, ${formatPlural(calls, 'call')}`;
    context.stdout.write(`${options.output}: ${content}\n`);
  } finally {
    await engine.stop();
  }
}

export function parseCalls(text: string): number[] {
  const max = LIMITS.callsPerTransactionMax;
  const counts = text.split(',').map((part) => (/^\d+$/.test(part.trim()) ? Number(part) : Number.NaN));
  if (counts.every((count) => count <= max)) return counts;
  throw new EspalierError('usage', `--calls must be integers from 0 to ${max}, separated by commas, got "${text}"`);
}
