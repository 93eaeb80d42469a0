import { EspalierError } from '../../common/index.js';
import type { JobId } from '../../proto/index.js';

/** A job as a node of the tree, and the time it took. */
export interface TimedNode {
  readonly jobId: JobId;
  /** The job that needs this one's proof: null for the root alone. */
  readonly parentJobId: JobId | null;
  readonly durationMs: number;
}

/**
 * The longest chain of times from any job up to the root, where each job waits for all that name it their parent.
 * Linear in the number of jobs. A tree without exactly one root, with a parent that is missing or with a loop is an
 * error of code `internal`.
 */
export function criticalPath(nodes: readonly TimedNode[]): number {
  const byId = new Map(nodes.map((node) => [node.jobId, node]));
  const roots = nodes.filter((node) => node.parentJobId === null);
  if (roots.length !== 1) throw malformed(`${roots.length} jobs have no parent, where one must`);
  const toRootMs = new Map<JobId, number>();
  let longestMs = 0;
  for (const node of nodes) {
    // Up to what is known or the root, then down again: no recursion, since a chain of kernels can be long.
    const chain: TimedNode[] = [];
    let next: TimedNode | undefined = node;
    while (next !== undefined && !toRootMs.has(next.jobId)) {
      chain.push(next);
      if (chain.length > nodes.length) throw malformed(`the parents of ${node.jobId} form a loop`);
      if (next.parentJobId === null) break;
      const parent = byId.get(next.parentJobId);
      if (parent === undefined) throw malformed(`${next.jobId} has the parent ${next.parentJobId}, which is no job`);
      next = parent;
    }
    for (const member of chain.reverse()) {
      const aboveMs = member.parentJobId === null ? 0 : (toRootMs.get(member.parentJobId) ?? 0);
      toRootMs.set(member.jobId, aboveMs + member.durationMs);
    }
    longestMs = Math.max(longestMs, toRootMs.get(node.jobId) ?? 0);
  }
  return longestMs;
}

function malformed(what: string): EspalierError {
  return new EspalierError('internal', `the proof tree is malformed: ${what}`);
}
