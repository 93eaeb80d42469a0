import type { Command } from 'commander';
import { EspalierError } from '../../common/index.js';
import type { Cluster } from '../cluster/open-cluster.js';
import type { CliContext } from '../context.js';
import { addClusterOptions, CLUSTER_GROUP, type RawClusterOptions, withCluster } from './cluster-options.js';
import { addExamples } from './examples.js';

interface RawDrainOptions extends RawClusterOptions {
  readonly reason: string;
}

/** `espalier drain WORKER`. */
export function registerDrain(program: Command, context: CliContext): void {
  const command = program
    .command('drain')
    .helpGroup(CLUSTER_GROUP)
    .description('tell a worker to take no more jobs, finish those it has, and end')
    .argument('<worker>', 'id of a worker, or the name of its machine where only one runs')
    .option('--reason <text>', 'what the worker prints at its end', 'told to by `espalier drain`');
  addClusterOptions(command).action((worker: string, options: RawDrainOptions) =>
    withCluster(options, context, (cluster) => drain(cluster, worker, options, context)),
  );
  addExamples(command, [
    { line: 'espalier drain node-a.1f2e3d4c', meaning: '`espalier workers` lists the ids' },
    { line: 'espalier drain node-a --reason "new kernel"', meaning: 'the only worker on machine node-a' },
  ]);
}

async function drain(
  cluster: Cluster,
  worker: string,
  { reason }: RawDrainOptions,
  context: CliContext,
): Promise<void> {
  const { machineOf } = await import('../../proto/index.js');
  const ids = (await cluster.fleet.list()).map(({ workerId }) => workerId);
  const fitting = ids.includes(worker) ? [worker] : ids.filter((id) => machineOf(id) === worker);
  const [workerId, another] = fitting;
  if (another !== undefined) {
    throw new EspalierError('usage', `${fitting.length} workers run on ${worker}: ${fitting.join(', ')}`, {
      remedy: 'name one of them',
    });
  }
  if (workerId === undefined || !(await cluster.fleet.drain(workerId, reason))) {
    throw new EspalierError('usage', `no worker ${worker} is there`, { remedy: '`espalier workers` lists them' });
  }
  context.stdout.write(`worker ${workerId} drains: it finishes the jobs it has, and ends\n`);
}
