import type { WorkerInfo } from '../../proto/index.js';
import { formatBytes, formatCount, formatDuration, formatTable } from '../format.js';
import { oneLine } from '../report-error.js';

/** The living workers of a cluster, a line each. */
export function renderWorkers(workers: readonly WorkerInfo[], nowMs: number): string {
  if (workers.length === 0) return 'no worker is there\n';
  return formatTable(
    workers.map((worker) => row(worker, nowMs)),
    {
      header: ['worker', 'state', 'jobs', 'room for', 'classes', 'cores', 'memory', 'GPUs', 'prover', 'up'],
      align: ['left', 'left', 'right', 'left', 'left', 'right', 'right', 'right', 'left', 'left'],
    },
  );
}

function row(worker: WorkerInfo, nowMs: number): readonly string[] {
  const { resources, prover } = worker;
  const idle = Object.entries(worker.idle).filter(([, proofs]) => proofs > 0);
  return [
    oneLine(worker.workerId),
    worker.state,
    formatCount(worker.running),
    idle.length === 0 ? '-' : idle.map(([name, proofs]) => `${proofs} ${name}`).join(' or '),
    worker.classes.join(','),
    formatCount(resources.cores),
    formatBytes(resources.memoryBytes),
    formatCount(resources.gpus),
    prover.srs === 'none'
      ? `${prover.kind}: proves nothing`
      : oneLine(`${prover.kind} ${prover.version}, ${prover.srs} SRS`),
    formatDuration(nowMs - worker.startedAtMs),
  ];
}
