import { availableParallelism, cpus, totalmem } from 'node:os';

/** What the numbers were measured on. */
export function machine(): string {
  const model = cpus()[0]?.model.trim() || process.arch;
  return `${model}, ${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`;
}
