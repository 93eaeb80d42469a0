import type { Command } from 'commander';
import { renderWorkers } from '../cluster/render-workers.js';
import type { CliContext } from '../context.js';
import { addClusterOptions, CLUSTER_GROUP, type RawClusterOptions, withCluster } from './cluster-options.js';
import { addExamples } from './examples.js';

interface RawWorkersOptions extends RawClusterOptions {
  readonly json?: boolean;
}

/** `espalier workers`. */
export function registerWorkers(program: Command, context: CliContext): void {
  const command = program
    .command('workers')
    .helpGroup(CLUSTER_GROUP)
    .description('list the living workers of a cluster: what each offers, holds, and has room for')
    .option('--json', 'print one JSON array');
  addClusterOptions(command).action((options: RawWorkersOptions) =>
    withCluster(options, context, async ({ fleet }) => {
      const workers = await fleet.list();
      context.stdout.write(
        options.json ? `${JSON.stringify(workers)}\n` : renderWorkers(workers, context.clock.nowMs()),
      );
    }),
  );
  addExamples(command, [
    { line: 'espalier workers', meaning: 'a line each' },
    { line: 'espalier workers --json', meaning: 'with public keys, for a program' },
  ]);
}
