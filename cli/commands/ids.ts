import { Argument, type Command } from 'commander';
import { shortId } from '../api/render-blocks.js';
import { ID_KINDS, type IdKind } from '../completion/id-argument.js';
import type { CliContext } from '../context.js';
import { addServerOptions, type RawServerOptions, withClient } from './server-options.js';

/** Whoever presses Tab waits no longer. */
const TIMEOUT_MS = 1_000;
const IDS_MAX = 100;

/**
 * `espalier ids blocks|workers`, for completion scripts: ids, a line each, from the server that the words of the command
 * line name. Prints nothing where it is not there.
 */
export function registerIds(program: Command, context: CliContext): void {
  const command = program
    .command('ids', { hidden: true })
    .addArgument(new Argument('<kind>').choices([...ID_KINDS]))
    .argument('[words...]', 'the command line so far')
    .allowUnknownOption()
    .helpOption(false);
  addServerOptions(command).action((kind: IdKind, _words: unknown, options: RawServerOptions) =>
    print(kind, options, context).catch(() => undefined),
  );
}

async function print(kind: IdKind, options: RawServerOptions, context: CliContext): Promise<void> {
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(TIMEOUT_MS)]);
  const quiet = { ...context, aside: { say: () => undefined } };
  await withClient(options, quiet, async (client) => {
    const ids: string[] = [];
    if (kind === 'workers') ids.push(...(await client.workers({ signal })).map(({ workerId }) => workerId));
    else {
      for await (const { blockId } of client.blocks({ pageSize: IDS_MAX, signal })) {
        ids.push(shortId(blockId));
        if (ids.length >= IDS_MAX) break;
      }
    }
    // Anything else would be more than a word to the shell.
    const words = ids.filter((id) => /^[A-Za-z0-9._-]+$/.test(id));
    context.stdout.write(words.map((id) => `${id}\n`).join(''));
  });
}
