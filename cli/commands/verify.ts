import { resolve } from 'node:path';
import type { Command } from 'commander';
import { EspalierError } from '../../common/index.js';
import type { CliContext } from '../context.js';
import { parseSrs } from './engine-options.js';
import { addExamples } from './examples.js';

interface RawVerifyOptions {
  readonly srs?: string;
  readonly json?: boolean;
}

/** `espalier verify DIR`. */
export function registerVerify(program: Command, context: CliContext): void {
  const command = program
    .command('verify')
    .description(
      'check a root proof: that it verifies, says of the block what executing it says, and has the published keys',
    )
    .argument('<dir>', 'folder that `espalier prove` has finished')
    .option('--srs <canonical|dev|DIR>', 'accept only a proof made with this SRS; default: whichever it was made with')
    .option('--json', 'print one JSON object')
    .action((folder: string, options: RawVerifyOptions) => run(folder, options, context));
  addExamples(command, [
    { line: 'espalier verify block.proof', meaning: 'exits 0 when all holds, else says what is off' },
    { line: 'espalier verify block.proof --srs canonical', meaning: 'refuse proofs made with the development SRS' },
  ]);
}

async function run(folder: string, options: RawVerifyOptions, context: CliContext): Promise<void> {
  const { readFinished } = await import('../run/output-folder.js');
  const { verifyFinished } = await import('../run/verify-finished.js');
  const { verifiedText } = await import('../run/verified-text.js');
  const { openVerifier } = await import('../run/open-verifier.js');
  const finished = await readFinished(resolve(context.cwd, folder));
  const { srs } = finished.facts;
  if (srs === 'none') {
    throw new EspalierError('verification-failed', `${folder}: the proofs are simulated and prove nothing`, {
      remedy: 'prove the block with a real prover',
    });
  }
  const accepted = options.srs === 'dev' ? 'development' : options.srs;
  if ((accepted === 'canonical' || accepted === 'development') && accepted !== srs) {
    // At once, without having to find the SRS that it was not made with.
    throw new EspalierError(
      'verification-failed',
      `${folder}: made with the ${srs} SRS, and only ${accepted} is accepted`,
      {
        ...(srs === 'development'
          ? { remedy: 'anyone can forge such proofs: prove the block with --srs canonical' }
          : {}),
      },
    );
  }
  const engine = await openVerifier({
    srs: parseSrs(options.srs ?? srs, context.cwd),
    env: context.env,
    signal: context.signal,
    onWarning: () => undefined,
    onWait: (line) => context.aside.say(line),
  });
  try {
    const facts = await verifyFinished(engine, finished, context.signal);
    if (options.json) context.stdout.write(`${JSON.stringify({ verified: true, ...facts })}\n`);
    else context.stdout.write(`${verifiedText(facts)}\n`);
  } finally {
    await engine.stop();
  }
}
